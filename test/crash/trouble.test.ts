import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { setLockAfter } from "../../src/access/store";
import type { Finding } from "../../src/backups/check/rules";
import { findingsOf, urgentOf, watchLaptop } from "../../src/backups/check/store";
import { restore } from "../../src/backups/restoring/store";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { aVisit, type Booth, openBooth, PASSPHRASE, type Tablet } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { openDisk, type SmallDisk, whyNoDisks } from "../support/small-disk";

let folder: string;
let disk: SmallDisk | undefined;
let booth: Booth;
let ada: Tablet;

const open = async (dataDir: string) => {
  folder = dataDir;
  const db = await openDatabase({ dataDir }, NOON);
  booth = await openBooth({ db, config: { dataDir } });
  ada = await booth.tablet();
};
afterEach(async () => {
  await booth.deps.jobs.stop();
  await booth.close();
  disk?.remove();
  if (!disk) rmSync(folder, { recursive: true, force: true });
  disk = undefined;
});

/** Sends a visit; gives the status and, where it was not taken, what the tablet is told. */
async function send(visit = aVisit({ note: "What was said. ".repeat(50) })) {
  const { status, body } = await booth
    .nobody()
    .post("/api/visits")
    .set("Authorization", `Bearer ${ada.token}`)
    .send({ sentAt: new Date(NOON).toISOString(), visits: [visit] });
  return { status, trouble: body.trouble, message: body.message, result: body.results?.[0]?.status };
}
const REFUSED = (trouble: string) => expect.objectContaining({ status: 503, trouble });
const RECORDED = expect.objectContaining({ status: 200, result: "recorded" });
const count = async () => (await booth.db.read.selectFrom("visits").select("id").execute()).length;
const saving = async (): Promise<Finding | undefined> =>
  (await findingsOf(booth.deps)).find((each) => each.of === "saving");

const onADisk = (kind: "memory" | "ext4") => (whyNoDisks(kind) ? test.skip : test);
const skipped = (kind: "memory" | "ext4") => (whyNoDisks(kind) ? ` (skipped: ${whyNoDisks(kind)})` : "");

onADisk("memory")(
  `with the disk full nothing is half kept, and it goes on by itself${skipped("memory")}`,
  async () => {
    disk = openDisk(8);
    await open(disk.folder);
    const first = aVisit();
    await send(first);
    disk.fill();
    const visit = aVisit({ note: "What was said. ".repeat(300), questions: [{ text: "How large?" }] });
    expect(await send(visit)).toEqual({
      status: 503,
      trouble: "full",
      message:
        "The laptop cannot save at the moment: its disk is full. Nothing that was saved before is lost. What you typed is still there when you go back; try again a little later.",
    });
    expect(await count()).toBe(1);
    expect(await saving()).toMatchObject({
      verdict: "bad",
      words: expect.stringContaining("the disk is full"),
    });
    expect((await booth.nobody().get("/healthz")).status).toBe(503);
    disk.makeRoom();
    expect(await send(visit)).toEqual(RECORDED);
    expect(await saving()).toMatchObject({ verdict: "good" });
    expect((await booth.nobody().get("/healthz")).status).toBe(200);
    expect(await count()).toBe(2);
  },
);

onADisk("memory")(
  `with the disk full the organizer gets in, stays in while at work, locks and signs out as ever${skipped("memory")}`,
  async () => {
    disk = openDisk(8);
    await open(disk.folder);
    const before = await booth.organizer();
    await booth.db.write((writer) => setLockAfter(writer, 15, NOON));
    disk.fill();
    while ((await send()).status !== 503);
    const signedIn = await booth.organizer();
    const at = (minutes: number) => booth.setClock(NOON + minutes * 60_000);
    const standing = async (who = signedIn) => (await who.get("/session")).body.state;
    const page = async (who = signedIn) => (await who.get("/events").set("Accept", "text/html")).status;
    // Whoever does something stays in, whoever does not is locked out, each by what is on the disk and what is not.
    at(10);
    expect([await page(), await page(before)]).toEqual([200, 200]);
    await before.post("/session/use").expect(200);
    at(20);
    expect([await standing(), await standing(before)]).toEqual(["open", "open"]);
    at(36);
    expect([await standing(), await standing(before)]).toEqual(["locked", "locked"]);
    expect(await page()).toBe(401);
    // The passphrase opens it again.
    const signIn = (who: typeof signedIn) =>
      who.post("/session").type("form").send({ passphrase: PASSPHRASE }).expect(303);
    await signIn(signedIn);
    await signIn(before);
    expect([await page(), await page(before)]).toEqual([200, 200]);
    await signedIn.post("/session/lock").expect(303);
    await before.post("/session/end").expect(303);
    expect([await standing(), await standing(before)]).toEqual(["locked", "out"]);
    await signIn(signedIn);
    // With room it is on the disk as soon as it is used.
    disk.makeRoom();
    at(40);
    expect(await page()).toBe(200);
    const kept = () => booth.db.read.selectFrom("sessions").select("used_at").execute();
    while (!(await kept()).some((session) => session.used_at === NOON + 40 * 60_000));
    expect(await standing()).toBe("open");
  },
);

onADisk("memory")(
  `what passed by itself is found out without anybody saving${skipped("memory")}`,
  async () => {
    disk = openDisk(8);
    await open(disk.folder);
    disk.fill();
    await send(aVisit({ note: "What was said. ".repeat(300) }));
    expect(booth.db.trouble()?.kind).toBe("full");
    disk.makeRoom();
    watchLaptop(booth.deps);
    while (booth.db.trouble()) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(urgentOf(booth.deps).bad?.of).not.toBe("saving");
  },
);

onADisk("ext4")(
  `a disk that fails, and that the system makes read-only, is said to be so${skipped("ext4")}`,
  async () => {
    disk = openDisk(24, "ext4");
    await open(disk.folder);
    await send();
    disk.fail?.();
    expect(await send()).toEqual(REFUSED("read-only"));
    expect(await saving()).toMatchObject({
      verdict: "bad",
      words: expect.stringContaining("lets nothing be written"),
    });
    // What was there can be read.
    expect(await count()).toBe(1);
  },
);

test("a file that is taken away under the program takes no visit with it, and goes on when it is back", async () => {
  await open(temporaryFolder());
  await send();
  const aside = temporaryFolder();
  for (const name of ["boothlight.db", "boothlight.db-wal"])
    renameSync(path.join(folder, name), path.join(aside, name));
  expect(await send()).toEqual(REFUSED("gone"));
  // Another one in its place is another one.
  cpSync(path.join(aside, "boothlight.db"), sqliteFile(folder));
  expect(await send()).toEqual(REFUSED("gone"));
  expect(await saving()).toMatchObject({
    verdict: "bad",
    words: expect.stringContaining("not where it was"),
  });
  for (const name of ["boothlight.db", "boothlight.db-wal"])
    renameSync(path.join(aside, name), path.join(folder, name));
  expect(await send()).toEqual(RECORDED);
  rmSync(aside, { recursive: true });
});

test("pages that go bad under the program are told as damage, and never as a fault of ours", async () => {
  await open(temporaryFolder());
  for (let visits = 0; visits < 20; visits++) await send();
  const file = new BetterSqlite3(sqliteFile(folder));
  file.pragma("wal_checkpoint(TRUNCATE)");
  file.close();
  const content = readFileSync(sqliteFile(folder));
  content.fill(0xa5, 4096);
  writeFileSync(sqliteFile(folder), content);
  // What pages were in memory may hold for a while: who comes with the file anew meets it.
  const read = await booth.db.aside
    .selectFrom("visits")
    .selectAll()
    .execute()
    .catch((error) => error);
  expect(read).toMatchObject({ code: expect.stringMatching(/^SQLITE_CORRUPT/) });
  const found = await findingsOf(booth.deps, { thorough: true });
  expect(found.filter((each) => each.of === "database")).toEqual([
    expect.objectContaining({ verdict: "bad", words: expect.stringContaining("damaged") }),
  ]);
});

test("while another program holds the lock, others are answered; when it lets go, what waited is kept", async () => {
  await open(temporaryFolder());
  const other = new BetterSqlite3(sqliteFile(folder));
  other.exec("BEGIN IMMEDIATE");
  let isDone = false;
  const sent = send().finally(() => {
    isDone = true;
  });
  for (let asked = 0; asked < 10; asked++) expect((await booth.nobody().get("/healthz")).status).toBe(200);
  expect(isDone).toBe(false);
  other.exec("ROLLBACK");
  expect(await sent).toEqual(RECORDED);
  other.close();
});

test("a lock that is held for too long is told as that, and passes", async () => {
  await open(temporaryFolder());
  const other = new BetterSqlite3(sqliteFile(folder));
  other.exec("BEGIN IMMEDIATE");
  expect(await send()).toEqual(REFUSED("busy"));
  other.exec("ROLLBACK");
  expect(await send()).toEqual(RECORDED);
  other.close();
});

test("what the organizer sees of it is on every page of theirs, and on nobody else's", async () => {
  await open(temporaryFolder());
  const organizer = await booth.organizer();
  const before = await organizer.get("/events").set("Accept", "text/html");
  expect(before.text).not.toContain("laptop-bad");
  rmSync(sqliteFile(folder));
  watchLaptop(booth.deps);
  while (!booth.deps.laptop?.latest.length) await new Promise((resolve) => setTimeout(resolve, 10));
  const after = await organizer.get("/events").set("Accept", "text/html");
  expect(after.text).toContain("The database file is not where it was");
  const typed = await organizer.post("/events").type("form").send({ name: "Spring Camp" });
  expect(typed.text).not.toMatch(/\n\s+at /);
  const visitor = await booth.nobody().get("/ask").set("Accept", "text/html");
  expect(visitor.text).not.toContain("laptop-bad");
});

test("a folder that others may look into is found", async () => {
  await open(temporaryFolder());
  chmodSync(folder, 0o755);
  mkdirSync(path.join(folder, "certificates"));
  expect(existsSync(folder)).toBe(true);
  expect((await findingsOf(booth.deps)).filter((each) => each.of === "folder")).toEqual([
    expect.objectContaining({ verdict: "look", advice: `Close it to them: chmod 700 "${folder}"` }),
  ]);
});

test("what a deleted database held is saved to another file, and restored from that", async () => {
  await open(temporaryFolder());
  for (let visits = 0; visits < 5; visits++) await send();
  rmSync(sqliteFile(folder));
  rmSync(`${sqliteFile(folder)}-wal`);
  watchLaptop(booth.deps);
  while (!booth.deps.laptop?.rescued) await new Promise((resolve) => setTimeout(resolve, 10));
  const { rescued } = booth.deps.laptop as { rescued: string };
  expect(urgentOf(booth.deps).bad?.advice).toContain(`boothlight restore "${rescued}"`);
  await booth.deps.jobs.stop();
  await booth.db.close();
  const restored = await restore(booth.deps.config, {
    from: rescued,
    passphrase: async () => "",
    tell: () => {},
    now: Date.now,
  });
  expect(restored.visits).toBe(5);
  const db = await openDatabase({ dataDir: folder }, NOON);
  expect(await db.read.selectFrom("visits").select("id").execute()).toHaveLength(5);
  await db.close();
});

test("a file that was only moved needs no second one: it goes when the first is back", async () => {
  await open(temporaryFolder());
  await send();
  const aside = `${sqliteFile(folder)}.aside`;
  renameSync(sqliteFile(folder), aside);
  watchLaptop(booth.deps);
  while (!booth.deps.laptop?.rescued) await new Promise((resolve) => setTimeout(resolve, 10));
  const { rescued } = booth.deps.laptop as { rescued: string };
  expect(existsSync(rescued)).toBe(true);
  renameSync(aside, sqliteFile(folder));
  booth.deps.jobs.soon("laptop");
  while (existsSync(rescued)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await send()).toEqual(RECORDED);
});
