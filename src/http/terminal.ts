import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks for one line. At a terminal the typing is not shown; from a pipe the first line is taken. */
export async function askSecretly(question: string): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output: unseen, terminal });
  if (terminal) process.stdout.write(question);
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
    if (terminal) process.stdout.write("\n");
  }
}

/** Asks for one line at a terminal, and shows what is typed. */
export async function askOpenly(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
