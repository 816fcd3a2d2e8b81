import { readFile } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import pino from "pino";
import { checkPassphrase } from "./access/form";
import { hashPassphrase } from "./access/rules";
import { setPassphrase } from "./access/store";
import { type Config, readConfig, SETTINGS } from "./config";
import { openDatabase } from "./database/open";
import type { Deps } from "./deps";
import { Problem } from "./errors";
import { askSecretly } from "./http/terminal";
import { type EventFile, readEventFile } from "./imports/form";
import { outcomeInWords } from "./imports/rules";
import { DEMO_PASSPHRASE, fillDemo, importEvent } from "./imports/store";
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
    .command("demo")
    .description("run a filled event to look around in, in a data folder of its own")
    .action(() => runDemo(config));

  program
    .command("import")
    .argument("<file>", "an event file, see docs/event-file.md")
    .description("take an event file in; what is here already stays as it is")
    .action((name: string) =>
      withBooth(config, async ({ db, now }) => {
        const file = await eventFileAt(name);
        const progress = (done: number, of: number) => {
          if (process.stderr.isTTY)
            process.stderr.write(`\r${done} of ${of} visits${done < of ? " …" : "\n"}`);
        };
        const outcome = await importEvent(db, file, now(), { progress });
        console.log(outcomeInWords(outcome));
        if (outcome.bad.length > 0) process.exitCode = 1;
      }),
    );

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

/** Reads an event file. Throws an Error of one line where it cannot be read, or is none. */
async function eventFileAt(name: string): Promise<EventFile> {
  const bytes = await readFile(name).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === "ENOENT" ? `there is no file ${name}.` : `${name} cannot be read: ${error.code}.`,
    );
  });
  try {
    return readEventFile(bytes);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Error(
      [error.message, ...error.fields.map((each) => `  ${each.field}: ${each.message}`)].join("\n"),
    );
  }
}

/** The demo shares nothing with the booth's own data: no database server, no mail, a folder beside the real one. */
async function runDemo(config: Config): Promise<void> {
  const dataDir = `${config.dataDir}-demo`;
  await serve({ ...config, dataDir, databaseUrl: undefined, smtpUrl: undefined }, async (deps) => {
    const file = await eventFileAt(path.resolve(__dirname, "../db/demo-event.json"));
    const isOpen = await fillDemo(deps, file, Intl.DateTimeFormat().resolvedOptions().timeZone);
    console.log(`\nThis is the demo, with an invented event. All it knows is in ${dataDir}:`);
    console.log("delete that folder, and it starts afresh.");
    if (isOpen) console.log(`The organizer's passphrase is: ${DEMO_PASSPHRASE}`);
  });
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
