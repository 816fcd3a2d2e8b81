import { createReadStream } from "node:fs";
import path from "node:path";
import { Command, Option } from "commander";
import pino from "pino";
import { checkPassphrase } from "./access/form";
import { hashPassphrase } from "./access/rules";
import { setPassphrase } from "./access/store";
import { type Finding, worstFirst } from "./backups/check/rules";
import { findingsOf, findingsWithout, wayBack } from "./backups/check/store";
import { restore } from "./backups/restoring/store";
import { agoInWords, sizeInWords } from "./backups/rules";
import { Backups } from "./backups/store";
import { keepBeforeUpgrade } from "./backups/upgrade/store";
import { type Config, readConfig, SETTINGS } from "./config";
import { countAnew } from "./database/figures";
import { openDatabase } from "./database/open";
import { UnusableDatabase } from "./database/soundness";
import type { Deps } from "./deps";
import { Problem } from "./errors";
import { chosenEvent, type Event, listEvents } from "./events/store";
import { checkExport, type ExportAsked } from "./exports/form";
import { countRows } from "./exports/rows/store";
import { FORMATS, LIST_NAMES } from "./exports/rules";
import { exportFile, exportZip, prepareExport } from "./exports/store";
import { documentOf } from "./http/pages";
import { askOpenly, askSecretly } from "./http/terminal";
import { type EventFile, readEventFile } from "./imports/form";
import { outcomeInWords } from "./imports/rules";
import { DEMO_PASSPHRASE, fillDemo, importEvent } from "./imports/store";
import { takeEventFile } from "./imports/writing/store";
import { Jobs } from "./jobs";
import { makeLog } from "./log";
import { progressOf, writeOut } from "./output";
import { erase } from "./privacy/erasure/store";
import { chosenFrom } from "./privacy/people/form";
import { inALine } from "./privacy/people/rules";
import { chosenPeople, findPeople } from "./privacy/people/store";
import { forgetErased } from "./privacy/retention/store";
import { countTexts } from "./privacy/texts/store";
import { keepSearchable } from "./questions/search/store";
import { suggester } from "./questions/suggestions/store";
import { checkFilters, checkPaper } from "./reports/form";
import { asPrinted } from "./reports/page/rules";
import { reportPage } from "./reports/page/store";
import { printed } from "./reports/printing/store";
import { figuresOf } from "./reports/store";
import { markdownFile } from "./reports/write-up/rules";
import { writeUpOf } from "./reports/write-up/store";
import { serve } from "./serve";
import { ORGANIZER } from "./visits/store";

/** Opens what a command works on, runs it, and closes it again. */
async function withBooth<T>(config: Config, work: (deps: Deps) => Promise<T>): Promise<T> {
  const log = makeLog(config.logLevel, pino.destination({ dest: 2, sync: true }));
  const db = await openDatabase(config, Date.now(), keepBeforeUpgrade(config, Date.now));
  try {
    return await work({
      db,
      config,
      log,
      suggester: suggester(),
      jobs: new Jobs({ log, now: Date.now }),
      now: Date.now,
    });
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
      withBooth(config, async ({ db, log, now }) => {
        const file = await eventFileAt(name);
        keepSearchable(db, (error) => log.error({ error }, "questions could not be indexed"));
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
    .command("export")
    .argument("<list>", `what to take home: ${LIST_NAMES.join(", ")}, or event: all of it, as an event file`)
    .description("write a list of an event, such as its follow-ups, for a spreadsheet")
    .option("--event <slug>", "the event; left out: the one of the day")
    .option("--booth <slug>", "this booth alone; (none): what has none")
    .option("--project <slug>", "this project alone")
    .option("--topic <slug>", "this topic alone")
    .option("--expert <slug>", "what this expert has")
    .option("--state <state>", "questions that are open, routed, answered or closed")
    .option("--category <category>", "visitors who are existing, curious or new")
    .option("--day <day>", "this day alone, as 2014-04-15")
    .option("--consent <purpose>", "who agreed to follow-up or news, with their details for that alone")
    .option(
      "--format <format>",
      LIST_NAMES.map((list) => `${list}: ${FORMATS[list].join(", ")}`).join("; "),
      "csv",
    )
    .option("--by <expert|project>", "follow-ups alone: a file for each, in a ZIP")
    .option("--why <reason>", "why contact details are taken; kept with that they were")
    .option("--output <file>", "the file to write; left out: the terminal")
    .action((list: string, { output, ...options }: Record<string, string>) =>
      withBooth(config, async (deps) => {
        if (list === "event") return exportEvent(deps, options, output);
        const form = checkExport({ list, ...options });
        if (!form.ok) throw new Problem("invalid", "this list cannot be made as asked.", form.problems);
        await exportList(deps, form.value, output);
      }),
    );

  program
    .command("report")
    .description("write the report of an event: the write-up, its figures, or a PDF to hand on")
    .option("--event <slug>", "the event; left out: the one of the day")
    .addOption(
      new Option("--format <format>", "the write-up, the figures, or all of the report")
        .choices(["md", "json", "pdf"])
        .default("md"),
    )
    .option("--day <day>", "json, pdf: this day alone, as 2014-04-15")
    .option("--project <slug>", "json, pdf: this project alone")
    .option("--booth <slug>", "json, pdf: this booth alone")
    .option("--category <category>", "json, pdf: existing, curious or new visitors alone")
    .option("--paper <paper>", "pdf: a4 or letter; left out: a4")
    .option("--output <file>", "the file to write; left out: the terminal")
    .action(({ event: slug, output, ...options }: Record<string, string>) =>
      withBooth(config, async (deps) => {
        const event = await eventOfCommand(deps, slug);
        if (options.format === "pdf" && !output && process.stdout.isTTY) {
          throw new Problem("invalid", "a PDF is nothing to read in a terminal: name a file with --output.");
        }
        await writeOut([await reportFile(deps, event, options)], output);
      }),
    );

  program
    .command("check")
    .description("check the laptop and its data: database, figures, clock, disk, certificate, backups")
    .option("--mend", "count figures anew that differ")
    .option("--json", "write what was found as JSON")
    .action((options: { mend?: boolean; json?: boolean }) => runCheck(config, options));

  program
    .command("backup")
    .description("make a backup now; the booth may be running meanwhile")
    .option("--to <folder>", "the folder to put it in; left out: where backups go")
    .action(({ to }: { to?: string }) =>
      withBooth(config, async (deps) => {
        const asked = { to: to && path.resolve(to), anyway: true };
        const { folder, last } = await new Backups(deps).backUp(asked);
        const how = last.recipient ? "encrypted, and read back" : "not encrypted, and read back";
        console.log(`${path.join(folder, last.name)}: ${sizeInWords(last.size)}, checked, ${how}.`);
      }),
    );

  program
    .command("restore")
    .argument(
      "[from]",
      "a backup, or a folder with backups in it, such as a stick; left out: where backups go",
    )
    .description("put a backup in the place of the data, which is moved aside")
    .action((from?: string) => runRestore(config, from));

  program
    .command("erase")
    .argument("[words...]", "a name, mail address, phone number, or the code of a slip")
    .description("find somebody and remove them everywhere; what counts goes on counting")
    .option("--visit <id>", "the visitor of this visit")
    .option("--yes", "do not ask")
    .action((words: string[], options: { visit?: string; yes?: boolean }) =>
      withBooth(config, (deps) => erasePeople(deps, words.join(" "), options)),
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

const MARKS = { good: "✓", look: "!", bad: "✗" };

/** Checks the laptop, also one whose database cannot be opened; says what it found, and ends with 1 where something is bad. */
async function runCheck(config: Config, { mend, json }: { mend?: boolean; json?: boolean }): Promise<void> {
  const found = await withBooth(config, async (deps) => {
    const findings = await findingsOf(deps, { thorough: true });
    const differ = (each: Finding) => each.of === "figures" && each.verdict === "bad";
    if (!mend || !findings.some(differ)) return findings;
    await deps.db.write(countAnew);
    const mended: Finding = { of: "figures", verdict: "good", words: "All is counted anew." };
    return [...findings.filter((each) => !differ(each)), mended];
  }).catch((error) => {
    if (!(error instanceof UnusableDatabase)) throw error;
    return findingsWithout({ config, now: Date.now }, error);
  });
  const findings = worstFirst(found);
  if (json) console.log(JSON.stringify(findings, null, 1));
  else {
    for (const { verdict, words, advice } of findings) {
      console.log(`${MARKS[verdict]} ${words}`);
      if (advice) console.log(`  ${advice}`);
    }
  }
  if (findings.some((each) => each.verdict === "bad")) process.exitCode = 1;
}

/** Finds people, asks which of them are meant, and erases those. */
async function erasePeople(
  deps: Deps,
  words: string,
  { visit, yes }: { visit?: string; yes?: boolean },
): Promise<void> {
  const { db, log, now } = deps;
  const named = chosenFrom({ visit });
  if (words === "" && named.length === 0) {
    throw new Problem("invalid", "say whom: a name, a mail address, a phone number, a code, or --visit ID.");
  }
  const found = visit ? await chosenPeople(db.read, named) : await findPeople(db.read, words);
  if (found.length === 0) throw new Problem("missing", "nobody is kept under that.");
  const events = await listEvents(db.read);
  for (const [index, each] of found.entries()) {
    const event = events.find(({ id }) => id === each.eventId)?.name;
    const line = [each.kind.replaceAll("-", " "), inALine(each.person) || "without details", event, each.id];
    console.log(`${String(index + 1).padStart(3)}  ${line.filter(Boolean).join(" · ")}`);
  }
  const chosen = yes ? found : await chosenOf(found);
  if (chosen.length === 0) return console.log("Nobody was erased.");
  keepSearchable(db, (error) => log.error({ err: error }, "questions could not be indexed"));
  const by = { actor: ORGANIZER, actorKind: "organizer", why: "asked" } as const;
  await db.write(async (writer) => {
    for (const { kind, id } of chosen) await erase(writer, { kind, id }, by, now());
  });
  const isForgotten = await forgetErased(deps);
  const texts = await countTexts(db.read);
  console.log(chosen.length === 1 ? "Erased." : `${chosen.length} erased.`);
  if (texts > 0)
    console.log(`Texts that may still name somebody: ${texts}, to be read at /texts-to-look-at.`);
  if (!isForgotten) console.log("The running booth takes what was erased out of its files within a minute.");
}

/** Those whom somebody at the terminal means: by their numbers, or all. */
async function chosenOf<Each>(all: Each[]): Promise<Each[]> {
  if (!process.stdin.isTTY) {
    throw new Problem("invalid", "nobody is here to be asked: --yes erases all who are listed above.");
  }
  const question = all.length === 1 ? "Erase for good? (yes) " : "Erase which, for good? (1 3, or all) ";
  const said = (await askOpenly(question)).trim().toLowerCase();
  if (said === "all" || (all.length === 1 && said === "yes")) return all;
  const numbers = new Set(said.split(/[\s,]+/).map(Number));
  return all.filter((_, index) => numbers.has(index + 1));
}

/** The report of an event in a format, narrowed down where that format can be. */
async function reportFile(
  { db, config, now }: Deps,
  event: Event,
  { format, paper, ...filters }: Record<string, string>,
): Promise<string | Buffer> {
  const form = checkFilters(filters);
  const sheet = checkPaper({ paper });
  const problems = [form, sheet].flatMap((each) => (each.ok ? [] : each.problems));
  if (!form.ok || !sheet.ok) throw new Problem("invalid", "this report cannot be made as asked.", problems);
  if (format === "json") return `${JSON.stringify(await figuresOf(db.read, event, form.value), null, 1)}\n`;
  if (format === "pdf") {
    const page = asPrinted(await reportPage(db.read, event, form.value, now()), sheet.value.paper);
    return printed(await documentOf("reports/printed", page), config);
  }
  if (Object.keys(filters).length > 0)
    throw new Problem(
      "invalid",
      "the write-up tells of the whole event: figures and PDF can be narrowed down.",
    );
  const { front, filled } = await writeUpOf(db.read, event);
  return markdownFile(front, filled.text);
}

async function eventOfCommand({ db, now }: Deps, slug: string | undefined): Promise<Event> {
  const event = await chosenEvent(db.read, slug, now());
  if (!event) throw new Problem("missing", "there is no event yet.");
  return event;
}

/** The whole event, as an event file. */
async function exportEvent(
  deps: Deps,
  { event: slug, why = "" }: { event?: string; why?: string },
  output: string | undefined,
): Promise<void> {
  const event = await eventOfCommand(deps, slug);
  const progress = output ? progressOf("visits") : undefined;
  const by = { actor: "command line", reason: why, now: deps.now(), progress: progress?.reach } as const;
  try {
    await writeOut(takeEventFile(deps.db, event, by), output);
  } finally {
    progress?.end();
  }
}

async function exportList(
  deps: Deps,
  { list, format, by, filters, why }: ExportAsked,
  output: string | undefined,
): Promise<void> {
  const { db, config, now } = deps;
  const event = await eventOfCommand(deps, filters.event);
  const what = await prepareExport(db.read, { list, event, filters });
  const progress = output ? progressOf(list === "follow-ups" ? "questions" : list) : undefined;
  const total = progress ? (await countRows(db.aside, list, what)).rows : 0;
  let done = 0;
  const onRows = (rows: number) => {
    done += rows;
    progress?.reach(done, total);
  };
  const way = { by: "command line", why, now, publicUrl: config.publicUrl, onRows } as const;
  try {
    const file = by ? await exportZip(db, what, { by, format, way }) : exportFile(db, what, format, way);
    if (await writeOut(file.content, output)) await file.arrived();
  } finally {
    progress?.end();
  }
}

/** Reads an event file. Throws an Error of one line where it cannot be read, or is none. */
async function eventFileAt(name: string): Promise<EventFile> {
  try {
    // A piece at a time: a file may be larger than memory.
    return await readEventFile(() => createReadStream(name, { highWaterMark: 1024 * 1024 }));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code)
      throw new Error(code === "ENOENT" ? `there is no file ${name}.` : `${name} cannot be read: ${code}.`);
    if (!(error instanceof Problem)) throw error;
    throw new Error(
      [error.message, ...error.fields.map((each) => `  ${each.field}: ${each.message}`)].join("\n"),
    );
  }
}

/** Puts a backup in the place of the data, and says what became of it. */
async function runRestore(config: Config, from: string | undefined): Promise<void> {
  const { backupPassphrase } = config;
  let isGiven = backupPassphrase !== undefined;
  const passphrase = async (isAgain: boolean) => {
    if (isGiven && !isAgain) return backupPassphrase as string;
    if (isGiven || isAgain) console.log("That passphrase does not open this backup.");
    isGiven = false;
    return askSecretly("Passphrase of the backups: ");
  };
  const tell = (sentence: string) => console.log(sentence);
  const done = await restore(config, { from, passphrase, tell, now: Date.now });
  const made = done.at === undefined ? "" : `, made ${agoInWords(Date.now() - done.at)}`;
  const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;
  const lines = [
    `Restored: ${done.file}${made}.`,
    `It has ${count(done.visits, "visit", "visits")} and ${count(done.questions, "question", "questions")}. Everybody is signed out; tablets stay paired.`,
    "The passphrase and the links of experts and of the wall are those of the backup: what was changed since, change again.",
  ];
  if (done.erasedAgain > 0)
    lines.push(`Erased again, since that was done after the backup: ${done.erasedAgain}.`);
  if (done.hasAuthority) lines.push("Tablets trust this laptop as they trusted the one before.");
  if (done.aside)
    lines.push(
      `What was here before is in ${done.aside}. It holds contact details: delete it when you are sure.`,
    );
  lines.push("Start the booth: npm start");
  console.log(lines.join("\n"));
}

/** The demo shares nothing with the booth's own data: no database server, no mail, no stick, a folder beside the real one. */
async function runDemo(config: Config): Promise<void> {
  const dataDir = `${config.dataDir}-demo`;
  const prepare = async (deps: Deps) => {
    const file = await eventFileAt(path.resolve(__dirname, "../db/demo-event.json"));
    const isOpen = await fillDemo(deps, file, Intl.DateTimeFormat().resolvedOptions().timeZone);
    console.log(`\nThis is the demo, with an invented event. All it knows is in ${dataDir}:`);
    console.log("delete that folder, and it starts afresh.");
    if (isOpen) console.log(`The organizer's passphrase is: ${DEMO_PASSPHRASE}`);
  };
  const demo = {
    ...config,
    dataDir,
    databaseUrl: undefined,
    smtpUrl: undefined,
    mailFrom: undefined,
    backupDir: undefined,
    backupPassphrase: undefined,
  };
  await serve(demo, { prepare, delivers: false });
}

function settingsInWords(): string {
  const width = Math.max(...SETTINGS.map((setting) => setting.name.length));
  const lines = SETTINGS.map(
    ({ name, meaning, standard }) => `  ${name.padEnd(width)}  ${meaning} (${standard})`,
  );
  return ["Settings, from the environment:", ...lines].join("\n");
}

/** A mistyped command must not be taken for a word to the command that runs without any. */
function refuseUnknown(program: Command, word = "help"): void {
  const known = ["help", ...program.commands.map((command) => command.name())];
  if (word.startsWith("-") || known.includes(word)) return;
  throw new Error(`there is no command ${word}. boothlight --help lists the commands.`);
}

/** What goes wrong on the command line is one line, not a stack of frames. */
async function main(): Promise<void> {
  let config: Config | undefined;
  try {
    config = readConfig();
    const program = commandLine(config);
    refuseUnknown(program, process.argv[2]);
    await program.parseAsync();
  } catch (error) {
    const fields = error instanceof Problem ? error.fields : [];
    console.error(`boothlight: ${error instanceof Error ? error.message : String(error)}`);
    for (const { field, message } of fields) console.error(`  ${field}: ${message}`);
    if (config && error instanceof UnusableDatabase)
      console.error(`  ${await wayBack({ config, now: Date.now })}`);
    process.exitCode = 1;
  }
}

void main();
