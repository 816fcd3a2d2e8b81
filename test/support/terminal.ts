import { spawn } from "node:child_process";

/**
 * Runs a command at a terminal, and types `answer` whenever what it says matches `asked`. Gives its exit code and what the
 * terminal showed. The terminal is that of `script`, which every Linux has.
 */
export async function atTerminal(
  command: string[],
  asked: RegExp,
  answer: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number | null; shown: string }> {
  const line = command.map((each) => `'${each}'`).join(" ");
  const terminal = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], { env });
  let shown = "";
  let read = 0;
  terminal.stdout.on("data", (chunk) => {
    shown += chunk;
    for (let found = asked.exec(shown.slice(read)); found; found = asked.exec(shown.slice(read))) {
      read += found.index + found[0].length;
      terminal.stdin.write(`${answer}\n`);
    }
  });
  const code = await new Promise<number | null>((resolve) => terminal.once("close", resolve));
  return { code, shown };
}
