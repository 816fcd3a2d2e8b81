import { Command } from "commander";
import pino from "pino";
import { checkPassphrase } from "./access/form";
import { hashPassphrase } from "./access/rules";
import { setPassphrase } from "./access/store";
import { type Config, readConfig, SETTINGS } from "./config";
import { openDatabase } from "./database/open";
import type { Deps } from "./deps";
import { askSecretly } from "./http/terminal";
import { serve } from "./serve";

/** Opens what a command works on, runs it, and closes it again. */
async function withBooth<T>(config: Config, work: (deps: Deps) => Promise<T>): Promise<T> {
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  const db = await openDatabase(config, Date.now());
  try {
    return await work({ db, config, log, now: Date.now });
  } finally {
    await db.close();
  }
}

/** The command line. Every command is one entry here; what it does lives in its feature. */
function commandLine(config: Config): Command {
  const program = new Command("boothlight")
    .description("The booth tool: visits in one tap, questions that reach somebody, the report written.")
    .addHelpText("after", `\n${settingsInWords()}`)
    .showHelpAfterError("(boothlight --help lists the commands)");

  program
    .command("start", { isDefault: true })
    .description("run the booth on this laptop")
    .action(() => serve(config));

  program
    .command("passphrase")
    .description("set a new passphrase for the organizer; ends all sign-ins")
    .action(() =>
      withBooth(config, async ({ db }) => {
        const form = checkPassphrase(await askSecretly("New passphrase: "));
        if (!form.ok) throw new Error(form.problems[0]?.message);
        const hash = await hashPassphrase(form.value);
        await db.write((writer) => setPassphrase(writer, hash));
        console.log("The passphrase is set, and everybody is signed out.");
        if (config.organizerPassphrase) {
          console.log("ORGANIZER_PASSPHRASE is set too, and counts instead of it as long as it is.");
        }
      }),
    );

  return program;
}

function settingsInWords(): string {
  const width = Math.max(...SETTINGS.map((setting) => setting.name.length));
  const lines = SETTINGS.map(
    ({ name, meaning, standard }) => `  ${name.padEnd(width)}  ${meaning} (${standard})`,
  );
  return ["Settings, from the environment:", ...lines].join("\n");
}

/** What goes wrong on the command line is one line, not a stack of frames. */
async function main(): Promise<void> {
  try {
    await commandLine(readConfig()).parseAsync();
  } catch (error) {
    console.error(`boothlight: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

void main();
