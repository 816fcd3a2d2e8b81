import { type ChildProcess, spawn } from "node:child_process";
import fs, {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import request from "supertest";
import {
  deviceByToken,
  inviteToSignIn,
  isSessionOpen,
  openSession,
  unpairDevice,
} from "../../src/access/store";
import { restore } from "../../src/backups/restoring/store";
import { Backups, backupsIn } from "../../src/backups/store";
import { lockData, UNFINISHED } from "../../src/database/lock";
import { type Database, openDatabase, sqliteFile } from "../../src/database/open";
import { erase } from "../../src/privacy/erasure/store";
import { figuresOf } from "../../src/reports/store";
import { addAnswerer, ask, SOON, step } from "../support/asking";
import { addEvent, aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { PROGRAM, startProgram } from "../support/program";

const ROOT = path.resolve(__dirname, "../..");
const MINUTE = 60_000;

let folder: string;
let dataDir: string;
let stick: string;
let booth: Booth;
let isOpen: boolean;
beforeEach(async () => {
  folder = temporaryFolder();
  dataDir = path.join(folder, "data");
  stick = path.join(folder, "stick");
  mkdirSync(stick);
  booth = await openBooth({
    db: await openDatabase({ dataDir }, NOON),
    config: { dataDir, backupDir: stick },
  });
  isOpen = true;
});
afterEach(async () => {
  await closeBooth();
  rmSync(folder, { recursive: true });
});

async function closeBooth() {
  if (isOpen) await booth.close();
  isOpen = false;
}

const backUp = () => new Backups(booth.deps).backUp({ anyway: true });

/** Restores into a data folder of another machine, or where the booth's own is. */
async function restored(where: string, from?: string, at = NOON + MINUTE) {
  const told: string[] = [];
  const outcome = await restore(
    { ...booth.deps.config, dataDir: where },
    { from, passphrase: async () => "", tell: (sentence) => told.push(sentence), now: () => at },
  );
  return { ...outcome, told };
}

async function within<T>(where: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase({ dataDir: where }, NOON);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

const visitsIn = (where: string) =>
  within(where, async (db) => (await db.read.selectFrom("visits").select("id").execute()).length);

describe("a restore", () => {
  test("brings everything back elsewhere; sessions and codes ended, tablets stay paired", async () => {
    const tablet = await booth.tablet("Ada");
    await tablet.send(aVisit(), aVisit());
    const session = await booth.db.write(async (writer) => {
      await inviteToSignIn(writer, NOON);
      return openSession(writer, NOON);
    });
    const event = await booth.db.read.selectFrom("events").selectAll().executeTakeFirstOrThrow();
    const figures = await figuresOf(booth.db.read, event, {});
    await backUp();
    const other = path.join(folder, "other");
    const outcome = await restored(other, stick);
    expect(outcome).toMatchObject({ visits: 2, questions: 0, aside: undefined, erasedAgain: 0 });
    await within(other, async (db) => {
      expect(await figuresOf(db.read, event, {})).toEqual(figures);
      expect(await isSessionOpen(db.read, session, NOON)).toBe(false);
      expect(await db.read.selectFrom("invitations").selectAll().execute()).toEqual([]);
      expect(await deviceByToken(db.read, tablet.token)).toMatchObject({ staff_name: "Ada" });
    });
    // It is the same booth: what it backs up next is counted with what lies there.
    expect(JSON.parse(readFileSync(path.join(other, "backups.json"), "utf8")).of).toBe(
      (await backupsIn(stick))[0]?.of,
    );
  });

  test("sends nothing to a chat twice: what waited then may have gone since, and the organizer looks; a mail goes again", async () => {
    const chat = await addAnswerer(booth, { reached_by: "webhook", webhook: "https://chat.example/hook" });
    const experts = { chat, mail: await addAnswerer(booth) };
    for (const expertId of Object.values(experts))
      await step(booth, await ask(booth), "routed", { expertId });
    await backUp();
    const states = async (of: Database) =>
      of.read.selectFrom("messages").select(["expert_id", "state"]).orderBy("id").execute();
    expect((await states(booth.db)).map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    const soon = path.join(folder, "soon");
    await restored(soon, stick);
    // Its time had not come: nobody got it.
    await within(soon, async (db) => expect(await states(db)).toEqual(await states(booth.db)));
    const late = path.join(folder, "late");
    await restored(late, stick, NOON + SOON);
    await within(late, async (db) =>
      expect(await states(db)).toEqual([
        { expert_id: experts.chat, state: "uncertain" },
        { expert_id: experts.mail, state: "waiting" },
      ]),
    );
  });

  test("moves what is there aside, whole, and never over it", async () => {
    const tablet = await booth.tablet();
    await tablet.send(aVisit());
    await backUp();
    await tablet.send(aVisit(), aVisit());
    await closeBooth();
    const first = await restored(dataDir);
    expect(first.aside).toBe(path.join(dataDir, "data-before-restore-2024-02-03T11-01-00Z"));
    expect(await visitsIn(dataDir)).toBe(1);
    const second = await restored(dataDir);
    expect(second.aside).toBe(`${first.aside}-2`);
    expect(await visitsIn(first.aside as string)).toBe(3);
  });

  test("is refused while anybody works on the data, and nothing is touched", async () => {
    await backUp();
    await expect(restored(dataDir)).rejects.toThrow("Boothlight is running on the data");
    expect(readdirSync(dataDir).filter((name) => name.startsWith("data-before"))).toEqual([]);
    await closeBooth();
    await restored(dataDir);
    const lock = lockData(dataDir, true);
    await expect(openDatabase({ dataDir }, NOON)).rejects.toThrow("being restored to it at this moment");
    lock?.release();
    await (await openDatabase({ dataDir }, NOON)).close();
  });

  test("does not bring back who was erased: by the list beside the backup, and by the data that is moved aside", async () => {
    const people = ["Zoë", "Bob", "Eve"].map((name) =>
      aVisit({ contact: { name, email: `${name}@example.org`, consent: ["follow-up"] } }),
    );
    await (await booth.tablet()).send(...people);
    const { last } = await backUp();
    const by = { actor: "organizer", actorKind: "organizer", why: "asked" } as const;
    const forget = (index: number) =>
      booth.db.write((writer) => erase(writer, { kind: "visit", id: people[index]?.id as string }, by, NOON));
    await forget(0);
    booth.setClock(NOON + MINUTE);
    await backUp();
    await forget(1);
    await closeBooth();
    const { erasedAgain } = await restored(dataDir, path.join(stick, last.name));
    expect(erasedAgain).toBe(2);
    await within(dataDir, async (db) => {
      const left = await db.read.selectFrom("contacts").select("name").execute();
      expect(left).toEqual([{ name: "Eve" }]);
      expect(await db.read.selectFrom("visits").selectAll().execute()).toHaveLength(3);
    });
  });

  test("does not open the booth again to a tablet whose pairing was ended since", async () => {
    const [stolen, kept] = [await booth.tablet("Eve"), await booth.tablet("Ada")];
    const { last } = await backUp();
    await booth.db.write((writer) => unpairDevice(writer, stolen.id, NOON));
    await closeBooth();
    await restored(dataDir, path.join(stick, last.name));
    await within(dataDir, async (db) => {
      expect(await deviceByToken(db.read, stolen.token)).toBeUndefined();
      expect(await deviceByToken(db.read, kept.token)).toMatchObject({ staff_name: "Ada" });
    });
  });

  test("that was cut off with the data moved aside still knows who was erased in that, when it is run once more", async () => {
    const visit = aVisit({ contact: { name: "Zoë", consent: [] } });
    await (await booth.tablet()).send(visit);
    const { last } = await backUp();
    const by = { actor: "organizer", actorKind: "organizer", why: "asked" } as const;
    await booth.db.write((writer) => erase(writer, { kind: "visit", id: visit.id }, by, NOON));
    await closeBooth();
    // It is cut off when the old file has been moved and the new one is not in its place yet.
    const renamed = jest.spyOn(fs.promises, "rename").mockImplementation(async (from, to) => {
      if (String(from).includes("restore-under-way-")) throw new Error("the plug was pulled");
      renameSync(from, to);
    });
    await expect(restored(dataDir, path.join(stick, last.name))).rejects.toThrow("plug");
    renamed.mockRestore();
    expect(existsSync(sqliteFile(dataDir))).toBe(false);
    const { erasedAgain } = await restored(dataDir, path.join(stick, last.name));
    expect(erasedAgain).toBe(1);
    await within(dataDir, async (db) => {
      expect(await db.read.selectFrom("contacts").select("name").execute()).toEqual([]);
    });
    expect(readdirSync(dataDir).filter((name) => name.startsWith("restore-under-way"))).toEqual([]);
  });

  test("passes over what is no erasure in the list beside the backup, and does those that are", async () => {
    const visit = aVisit({ contact: { name: "Zoë", consent: [] } });
    await (await booth.tablet()).send(visit);
    await backUp();
    const list = [
      { kind: "visit", id: visit.id, erasedAt: NOON, why: "asked" },
      { kind: "toString", id: visit.id, erasedAt: NOON, why: "asked" },
      { kind: "of a later version", id: "1", erasedAt: NOON, why: "asked" },
      { kind: "visit", id: "\0", erasedAt: NOON, why: "asked" },
      { kind: "visit", id: "1", erasedAt: 0.5, why: "asked" },
      { kind: "visit", id: "2", erasedAt: NOON, why: "because" },
      null,
    ];
    writeFileSync(path.join(stick, "erasures.json"), JSON.stringify(list));
    const other = path.join(folder, "other");
    expect((await restored(other, stick)).erasedAgain).toBe(1);
    await within(other, async (db) => {
      expect(await db.read.selectFrom("contacts").select("name").execute()).toEqual([]);
    });
  });

  test("takes the one before where the newest is damaged, says so, and takes nothing where none is whole", async () => {
    const tablet = await booth.tablet();
    await tablet.send(aVisit());
    const whole = await backUp();
    await tablet.send(aVisit());
    booth.setClock(NOON + MINUTE);
    const damaged = await backUp();
    const file = path.join(stick, damaged.last.name);
    truncateSync(file, 20_000);
    const other = path.join(folder, "other");
    const outcome = await restored(other, stick);
    expect(outcome.told).toEqual([`${file} is damaged, and was left alone.`]);
    expect(outcome.file).toBe(path.join(stick, whole.last.name));
    writeFileSync(path.join(stick, whole.last.name), "somebody's notes");
    await closeBooth();
    await expect(restored(dataDir)).rejects.toThrow(
      "No backup that is whole was found. Nothing was changed.",
    );
    expect(await visitsIn(dataDir)).toBe(2);
  });

  test("replaces a database that is damaged beyond opening", async () => {
    await (await booth.tablet()).send(aVisit());
    await backUp();
    await closeBooth();
    writeFileSync(sqliteFile(dataDir), "torn to pieces");
    const { aside } = await restored(dataDir);
    expect(await visitsIn(dataDir)).toBe(1);
    expect(readFileSync(sqliteFile(aside as string), "utf8")).toBe("torn to pieces");
  });

  test("that was cut off half way is said at the next start, and is done by running it once more", async () => {
    await (await booth.tablet()).send(aVisit());
    await backUp();
    await closeBooth();
    writeFileSync(path.join(dataDir, UNFINISHED), "");
    await expect(openDatabase({ dataDir }, NOON)).rejects.toThrow("run boothlight restore once more");
    await restored(dataDir);
    expect(await visitsIn(dataDir)).toBe(1);
  });

  test("of a folder with the backups of two booths asks which", async () => {
    const { last } = await backUp();
    const other = last.name.replace(/-[0-9a-f]{8}-/, "-00000000-");
    cpSync(path.join(stick, last.name), path.join(stick, other));
    await expect(restored(path.join(folder, "other"), stick)).rejects.toThrow(other);
    expect((await restored(path.join(folder, "other"), path.join(stick, other))).visits).toBe(0);
    // The booth itself knows which are its own.
    await closeBooth();
    expect((await restored(dataDir)).file).toBe(path.join(stick, last.name));
  });

  test.each([
    ["a folder that is not there", "gone", "There is no file or folder"],
    ["a folder without backups", "", "There are no backups in"],
  ])("of %s says what to do", async (_what, name, words) => {
    await expect(restored(path.join(folder, "other"), path.join(stick, name))).rejects.toThrow(words);
  });
});

/** What a README says to type: the lines of the first block of commands below a heading, without what is said of them. */
function commandsBelow(heading: string): string[] {
  const text = readFileSync(path.join(ROOT, "README.md"), "utf8").split(`\n${heading}\n`)[1] as string;
  const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(text) ?? [];
  return block
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, ""));
}

/** A folder as a clone is after it was installed and built, somewhere else. */
function cloneInto(where: string): void {
  mkdirSync(where, { recursive: true });
  for (const name of ["package.json", "package-lock.json", "scripts", "dist", "views", "public", "db"])
    cpSync(path.join(ROOT, name), path.join(where, name), { recursive: true, preserveTimestamps: true });
  // The program is built and its packages are there: newer than what they are made of.
  for (const name of ["src", "tsconfig.json", "tsconfig.build.json"])
    cpSync(path.join(ROOT, name), path.join(where, name), { recursive: true, preserveTimestamps: true });
  mkdirSync(path.join(where, "node_modules"));
  for (const name of readdirSync(path.join(ROOT, "node_modules")))
    if (!name.startsWith("."))
      symlinkSync(path.join(ROOT, "node_modules", name), path.join(where, "node_modules", name));
  writeFileSync(path.join(where, "node_modules/.package-lock.json"), "{}");
  writeFileSync(path.join(where, "dist/.built"), "");
}

test("on another machine, with nothing but the stick, the README's three commands bring the booth back", async () => {
  const commands = commandsBelow("## Backups");
  expect(commands).toHaveLength(3);
  await closeBooth();

  // A booth with a passphrase for its backups, which stops, and whose laptop is lost then.
  const lost = path.join(folder, "lost");
  await within(lost, addEvent);
  const passphrase = "a stick in the hall";
  const program = await startProgram(lost, {
    BACKUP_DIR: path.join(stick, "Boothlight backups"),
    BACKUP_PASSPHRASE: passphrase,
  });
  const figuresAt = async (address: string) => {
    const organizer = request.agent(address);
    await organizer.post("/session").type("form").send({ passphrase: PASSPHRASE }).expect(303);
    const { body } = await organizer.get("/events/winter-camp/report.json").expect(200);
    return { organizer, body };
  };
  const { organizer } = await figuresAt(program.address);
  for (const category of ["new", "new", "existing"])
    await organizer.post("/capture/visits").type("form").send({ category }).expect(303);
  const { body: figures } = await figuresAt(program.address);
  // Its first one, for which a key has to be made; the one at the end has the visits in it.
  while ((await backupsIn(path.join(stick, "Boothlight backups"))).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const authority = readFileSync(path.join(lost, "certificates/authority.crt"), "utf8");
  expect(await program.stop()).toBe(0);
  rmSync(lost, { recursive: true });

  const machine = path.join(folder, "another machine");
  cloneInto(path.join(machine, "boothlight"));
  const script = commands.map((line) => line.replace("/media/you/STICK", stick)).join(" && ");
  const shell = spawn("bash", ["-c", script], {
    cwd: machine,
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: "0",
      HOST: "127.0.0.1",
      ORGANIZER_PASSPHRASE: PASSPHRASE,
    },
  });
  try {
    shell.stdin.end(`${passphrase}\n`);
    const said = await saysWhere(shell);
    expect(said).toContain("It has 3 visits and 0 questions.");
    expect(said).toContain("Tablets trust this laptop as they trusted the one before.");
    const address = /On this laptop: +(http:\/\/localhost:\d+)/.exec(said)?.[1] as string;
    expect((await figuresAt(address.replace("localhost", "127.0.0.1"))).body).toEqual(figures);
    const data = path.join(machine, "boothlight/data");
    expect(readFileSync(path.join(data, "certificates/authority.crt"), "utf8")).toBe(authority);
  } finally {
    if (shell.exitCode === null) {
      const ended = new Promise((resolve) => shell.once("close", resolve));
      process.kill(-(shell.pid as number), "SIGTERM");
      await ended;
    }
  }
});

/** All that it has said when it says where the booth is. */
function saysWhere(shell: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      if (said.includes("Stop with Ctrl+C")) resolve(said);
    };
    shell.stdout?.on("data", hear);
    shell.stderr?.on("data", hear);
    shell.once("close", () => reject(new Error(`It ended before the booth was running:\n${said}`)));
  });
}

test("the commands say what they did, and what is wrong in one line", async () => {
  await closeBooth();
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, LOG_LEVEL: "error" },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.stdin.end();
    return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
      child.once("close", (code) => resolve({ code, out, err })),
    );
  };
  expect(await run("backup", "--to", stick)).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringMatching(/\.db: .* kB, checked, not encrypted, and read back\.\n$/),
  });
  expect(existsSync(path.join(stick, "README.txt"))).toBe(true);
  expect(await run("restore", stick)).toMatchObject({
    code: 0,
    out: expect.stringContaining("What was here before is in"),
  });
  const wrong = await run("backup", "--to", path.join(dataDir, "boothlight.db"));
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/^boothlight: The place for backups is away: .* is not there\.\n$/);
});
