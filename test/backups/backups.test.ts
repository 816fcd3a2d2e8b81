import { spawnSync } from "node:child_process";
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import Sqlite from "better-sqlite3";
import { Backups, backupFinding, backupsIn } from "../../src/backups/store";
import { inThread } from "../../src/backups/thread/store";
import { keepBeforeUpgrade } from "../../src/backups/upgrade/store";
import type { Config } from "../../src/config";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { erase } from "../../src/privacy/erasure/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { atTerminal } from "../support/terminal";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let folder: string;
let dataDir: string;
let stick: string;
let booth: Booth;
let tablet: Tablet;
let clock: number;
const mounted: string[] = [];

beforeEach(async () => {
  folder = temporaryFolder();
  dataDir = path.join(folder, "data");
  stick = path.join(folder, "stick");
  clock = NOON;
  mkdirSync(stick);
  const db = await openDatabase({ dataDir }, NOON);
  booth = await openBooth({ db, config: { dataDir }, now: () => clock });
  tablet = await booth.tablet();
});
afterEach(async () => {
  await booth.close();
  for (const place of mounted.splice(0)) spawnSync("umount", ["--lazy", place]);
  rmSync(folder, { recursive: true });
});

/** The backups of a program that was started with these settings. */
const started = (config: Partial<Config> = { backupDir: stick }) => {
  Object.assign(booth.deps.config, { backupDir: undefined, backupPassphrase: undefined, ...config });
  booth.deps.backups = new Backups(booth.deps);
  return booth.deps.backups;
};
const names = async (where = stick) => (await backupsIn(where)).map(({ name }) => name);
const finding = () => backupFinding(booth.deps);
const visitsIn = (file: string) => {
  const db = new Sqlite(file, { readonly: true });
  try {
    return db.prepare("SELECT count(*) FROM visits").pluck().get();
  } finally {
    db.close();
  }
};
const logVisit = () => tablet.send(aVisit({ note: "In a hurry" }));

/** A small disk of its own, such as a stick is. */
const mount = (place: string, ...options: string[]) =>
  spawnSync("mount", ["-t", "tmpfs", "-o", ["size=16m", ...options].join(","), "tmpfs", place]).status ===
    0 && mounted.push(place) > 0;
const probe = temporaryFolder();
const canMount = mount(probe);
if (canMount) spawnSync("umount", [mounted.pop() as string]);
rmSync(probe, { recursive: true });
/** Only who may mount a disk can pull one out: where that is not allowed, these say so and are left out. */
const withDisk = canMount ? test : test.skip;

describe("by itself", () => {
  test("a backup is made, and again after ten minutes where something changed", async () => {
    const backups = started();
    await backups.look();
    expect(await names()).toEqual([
      expect.stringMatching(/^boothlight-[0-9a-f]{8}-2024-02-03T11-00-00Z\.db$/),
    ]);
    await logVisit();
    clock += 9 * MINUTE;
    await backups.look();
    expect(await names()).toHaveLength(1);
    clock += MINUTE;
    await backups.look();
    const [newest, first] = await names();
    expect(visitsIn(path.join(stick, newest as string))).toBe(1);
    expect(visitsIn(path.join(stick, first as string))).toBe(0);
    clock += HOUR;
    await backups.look();
    expect(await names()).toHaveLength(2);
    expect(await finding()).toMatchObject({ verdict: "good" });
  });

  test("a program that is started again makes none where nothing changed, and knows the last one", async () => {
    await started().look();
    await booth.db.write((writer) => writer.deleteFrom("sessions").execute());
    clock += HOUR;
    const again = started();
    await again.look();
    expect(await names()).toHaveLength(1);
    expect(again.changedSince).toBeUndefined();
    await logVisit();
    // What is new after a quiet hour need not wait.
    await again.look();
    expect(await names()).toHaveLength(2);
  });

  test("a last one is made at the end, of what changed since", async () => {
    const backups = started();
    await backups.look();
    await logVisit();
    await backups.lookAtLast(20_000);
    expect(visitsIn(path.join(stick, (await names())[0] as string))).toBe(1);
  });

  test("it is a plain SQLite file for its owner alone, with nothing of what was deleted", async () => {
    const secret = "a-note-that-nobody-must-find-again";
    const visit = aVisit({ note: secret });
    await tablet.send(visit);
    await booth.db.write((writer) => writer.deleteFrom("visits").where("id", "=", visit.id).execute());
    const { last } = await started().backUp();
    const file = path.join(stick, last.name);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(file);
    expect(bytes.subarray(0, 15).toString()).toBe("SQLite format 3");
    expect(bytes.includes(secret)).toBe(false);
    // It needs no file beside it, so it can be read where nothing can be written.
    expect(bytes[18]).toBe(1);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("backup-under-way"))).toEqual([]);
  });

  test("while a tablet writes all the time it ends, and is of one moment", async () => {
    // So many that a copy takes several turns.
    const many = Array.from({ length: 2000 }, () => aVisit({ note: "x".repeat(900) }));
    for (let at = 0; at < many.length; at += 200) await tablet.send(...many.slice(at, at + 200));
    let isDone = false;
    let sent = 0;
    const writing = (async () => {
      while (!isDone) {
        await logVisit();
        sent += 1;
      }
    })();
    const { last } = await started().backUp();
    isDone = true;
    await writing;
    expect(sent).toBeGreaterThan(1);
    const count = visitsIn(path.join(stick, last.name)) as number;
    expect(count).toBeGreaterThanOrEqual(2000);
    expect(count).toBeLessThanOrEqual(2000 + sent);
  });

  test("older ones are thinned out; another booth's and other files stay", async () => {
    const backups = started();
    for (let made = 0; made < 20; made += 1) {
      await logVisit();
      await backups.backUp();
      clock += 20 * MINUTE;
    }
    const own = await names();
    expect(own.length).toBeGreaterThan(9);
    expect(own.length).toBeLessThan(14);
    const others = [
      "boothlight-00000000-2020-01-01T00-00-00Z.db",
      "boothlight-00000000-2020-01-01T01-00-00Z.db",
      "holiday.jpg",
    ];
    for (const name of others) writeFileSync(path.join(stick, name), "");
    await logVisit();
    await backups.backUp();
    for (const name of others) expect(existsSync(path.join(stick, name))).toBe(true);
  });

  test("a README of somebody else is left alone, ours says how to restore", async () => {
    writeFileSync(path.join(stick, "README.txt"), "My own notes");
    await started().backUp();
    expect(readFileSync(path.join(stick, "README.txt"), "utf8")).toBe("My own notes");
    rmSync(path.join(stick, "README.txt"));
    await started().backUp({ anyway: true });
    expect(readFileSync(path.join(stick, "README.txt"), "utf8")).toContain("npm run boothlight -- restore");
  });

  test("without a place they go beside the data, and that is said", async () => {
    await started({}).look();
    expect(await names(path.join(dataDir, "backups"))).toHaveLength(1);
    expect(await finding()).toMatchObject({ verdict: "look", words: expect.stringContaining("same disk") });
  });
});

describe("who was erased", () => {
  test("is listed beside the backups without a name, and a day later older backups are gone", async () => {
    const visit = aVisit({ contact: { name: "Zoë", email: "zoe@example.org", consent: ["follow-up"] } });
    await tablet.send(visit);
    const backups = started();
    await backups.look();
    const by = { actor: "organizer", actorKind: "organizer", why: "asked" } as const;
    await booth.db.write((writer) => erase(writer, { kind: "visit", id: visit.id }, by, clock));
    clock += MINUTE;
    await backups.look();
    // At once, not with the next backup.
    const listed = readFileSync(path.join(stick, "erasures.json"), "utf8");
    expect(JSON.parse(listed)).toEqual([{ kind: "visit", id: visit.id, erasedAt: NOON, why: "asked" }]);
    expect(await names()).toHaveLength(1);
    clock += 9 * MINUTE;
    await backups.look();
    expect(await names()).toHaveLength(2);
    // Nothing changes any more, and the older one goes all the same.
    clock += 24 * HOUR;
    await backups.look();
    expect(await names()).toEqual([expect.stringContaining("11-10-00Z")]);
  });

  test("goes from places that were used before too, as soon as they are there; what is of others, and newer, stays", async () => {
    const visit = aVisit({ contact: { name: "Zoë", email: "zoe@example.org", consent: ["follow-up"] } });
    await tablet.send(visit);
    const before = path.join(folder, "before");
    mkdirSync(before);
    await started({ backupDir: before }).backUp();
    const others = "boothlight-00000000-2020-01-01T00-00-00Z.db";
    writeFileSync(path.join(before, others), "");
    const by = { actor: "organizer", actorKind: "organizer", why: "asked" } as const;
    clock += MINUTE;
    await booth.db.write((writer) => erase(writer, { kind: "visit", id: visit.id }, by, clock));
    // Pulled out.
    const away = path.join(folder, "away");
    renameSync(before, away);
    const backups = started();
    await backups.look();
    expect(existsSync(before)).toBe(false);
    renameSync(away, before);
    await logVisit();
    clock += 10 * MINUTE;
    await backups.look();
    expect(await names(before)).toHaveLength(2);
    // For a day it is there still, and a restore from there knows whom to erase again.
    expect(JSON.parse(readFileSync(path.join(before, "erasures.json"), "utf8"))).toMatchObject([
      { id: visit.id },
    ]);
    const mine = async () => (await backupsIn(before, (await names())[0]?.split("-")[1])).length;
    expect(await mine()).toBe(1);
    clock += 25 * HOUR;
    await backups.look();
    expect(await names(before)).toEqual([others]);
    expect((await names()).length).toBeGreaterThan(0);
  });
});

describe("with a passphrase", () => {
  const backupPassphrase = "four words are good";

  test("a backup is opened by age and the passphrase, which the laptop does not keep", async () => {
    mkdirSync(path.join(dataDir, "certificates"));
    for (const name of ["authority.crt", "authority.key"])
      writeFileSync(path.join(dataDir, "certificates", name), `${name} of the laptop`);
    await started().backUp();
    await logVisit();
    clock += MINUTE;
    const { last } = await started({ backupDir: stick, backupPassphrase }).backUp();
    // The one that was not encrypted is gone.
    expect(await names()).toEqual([last.name]);
    expect(last.name).toMatch(/\.db\.age$/);
    for (const name of readdirSync(stick)) {
      const text = readFileSync(path.join(stick, name), "latin1");
      for (const secret of ["SQLite format", "In a hurry", "of the laptop"])
        expect(text).not.toContain(secret);
    }
    expect(readFileSync(path.join(dataDir, "backups.json"), "utf8")).not.toContain(backupPassphrase);

    const key = readdirSync(stick).find((name) => name.startsWith("boothlight-key-")) as string;
    const keyFile = path.join(stick, key);
    const opened = path.join(folder, "opened.db");
    const asked = ["--decrypt", "--identity", keyFile, "--output", opened, path.join(stick, last.name)];
    await typedIntoAge(asked, backupPassphrase);
    expect(visitsIn(opened)).toBe(1);

    // Our own reader opens it too, and the laptop's authority with it.
    const given = {
      file: path.join(stick, last.name),
      to: path.join(folder, "again.db"),
      keys: [readFileSync(keyFile, "utf8")],
      passphrase: backupPassphrase,
      sealed: path.join(stick, "boothlight-certificates.age"),
    };
    const { unsealed } = await inThread("open", given);
    expect(readFileSync(given.to)).toEqual(readFileSync(opened));
    expect(JSON.parse(unsealed as string)["authority.key"]).toBe("authority.key of the laptop");
  });

  test("what lies unencrypted in a place that was used before goes, too", async () => {
    const before = path.join(folder, "before");
    mkdirSync(before);
    await started({ backupDir: before }).backUp();
    await started().backUp({ anyway: true });
    expect(await names(before)).toHaveLength(1);
    clock += MINUTE;
    const { last } = await started({ backupDir: stick, backupPassphrase }).backUp({ anyway: true });
    expect([await names(before), await names()]).toEqual([[], [last.name]]);
  });

  test("what somebody encrypted by hand with age is opened", async () => {
    const { last } = await started().backUp();
    const made = path.join(folder, "by-hand.age");
    await typedIntoAge(["--passphrase", "--output", made, path.join(stick, last.name)], "by my own hand");
    const to = path.join(folder, "opened.db");
    await inThread("open", { file: made, to, keys: [], passphrase: "by my own hand" });
    expect(readFileSync(to)).toEqual(readFileSync(path.join(stick, last.name)));
  });
});

/** Runs the command `age` at a terminal, where alone it takes a passphrase. */
async function typedIntoAge(args: string[], passphrase: string): Promise<void> {
  if (spawnSync("age", ["--version"]).error)
    throw new Error(
      "This test needs the command age (Debian, Ubuntu: sudo apt-get install age); npm test installs it as root.",
    );
  const { code } = await atTerminal(["age", ...args], /passphrase[^:]*: /i, passphrase);
  expect(code).toBe(0);
}

describe("where something is in the way", () => {
  test("the folder is gone: said plainly, told in one line, and made up for as soon as it is back", async () => {
    const backups = started();
    await backups.look();
    renameSync(stick, `${stick}-gone`);
    await logVisit();
    clock += 10 * MINUTE;
    await backups.look();
    await backups.look();
    expect(backups.trouble?.words).toBe(`The place for backups is away: ${stick} is not there.`);
    expect(booth.logged.filter((line) => line.includes("no backup could be made"))).toHaveLength(1);
    expect(await finding()).toMatchObject({
      verdict: "look",
      words: expect.stringContaining("10 minutes ago"),
    });
    // Nothing was made in its place.
    expect(existsSync(stick)).toBe(false);
    // Capture goes on.
    expect(await logVisit()).toMatchObject([{ status: "recorded" }]);
    renameSync(`${stick}-gone`, stick);
    clock += MINUTE;
    await backups.look();
    expect(await names()).toHaveLength(2);
    expect(backups.trouble).toBeUndefined();
  });

  withDisk(
    "a stick that is pulled out while it is written to: nothing half lies there, nothing goes to the laptop's own disk",
    async () => {
      mount(stick);
      const backups = started();
      await backups.look();
      await logVisit();
      clock += 10 * MINUTE;
      const made = backups.look();
      while (!backups.underWay?.step) await new Promise((resolve) => setImmediate(resolve));
      spawnSync("umount", ["--lazy", stick]);
      await made;
      expect(backups.trouble?.words).toContain("is away");
      expect(readdirSync(stick)).toEqual([]);
      clock += 10 * MINUTE;
      await backups.look();
      expect(readdirSync(stick)).toEqual([]);
      expect(await finding()).toMatchObject({ verdict: "look", words: expect.stringContaining("away") });
    },
  );

  test("a laptop that is nearly full is not filled up by a backup that is prepared: visits need the room", async () => {
    const backups = started();
    const { size } = statSync(sqliteFile(dataDir));
    const bsize = 4096;
    const rooms = jest
      .spyOn(fs.promises, "statfs")
      .mockImplementation(
        async (place) =>
          ({ bavail: (place === dataDir ? 1.5 * size + 4 * 1024 * 1024 : 1e9) / bsize, bsize }) as never,
      );
    try {
      await expect(backups.backUp()).rejects.toThrow("no room left on the laptop’s own disk");
    } finally {
      rooms.mockRestore();
    }
    expect(await names()).toEqual([]);
    await backups.backUp();
    expect(await names()).toHaveLength(1);
  });

  withDisk(
    "a stick that is full: older backups make room, and where that is not enough it is said",
    async () => {
      mount(stick);
      // As many as fit beside what is to be left free.
      const backups = started();
      for (let made = 0; made < 14; made += 1) {
        await tablet.send(...Array.from({ length: 100 }, () => aVisit({ note: "x".repeat(900) })));
        await backups.backUp();
        clock += MINUTE;
      }
      expect((await names()).length).toBeLessThan(14);
      expect(visitsIn(path.join(stick, (await names())[0] as string))).toBe(1400);
      spawnSync("dd", ["if=/dev/zero", `of=${path.join(stick, "films.mp4")}`, "bs=64k"]);
      await logVisit();
      await expect(backups.backUp()).rejects.toThrow(`There is no room left in ${stick}.`);
      expect((await names()).length).toBeGreaterThanOrEqual(1);
      expect(readdirSync(stick).filter((name) => name.includes(".part"))).toEqual([]);
    },
  );

  withDisk(
    "a stick that fills up while it is written to leaves nothing half written under a name",
    async () => {
      mount(stick);
      const file = path.join(folder, "large");
      writeFileSync(file, Buffer.alloc(17 << 20));
      const given = { file, sha256: "", part: path.join(stick, "part"), to: path.join(stick, "whole") };
      await expect(inThread("carry", given)).rejects.toMatchObject({ code: "ENOSPC" });
      expect(existsSync(given.to)).toBe(false);
    },
  );

  withDisk("a stick that can only be read is named as that", async () => {
    mount(stick);
    const backups = started();
    await backups.look();
    spawnSync("mount", ["-o", "remount,ro", stick]);
    await logVisit();
    clock += 10 * MINUTE;
    await backups.look();
    expect(backups.trouble?.words).toContain("can only be read");
    expect(await finding()).toMatchObject({ verdict: "look" });
  });

  test("a folder that is no folder, or that this user must not write to", async () => {
    const file = path.join(folder, "no-folder");
    writeFileSync(file, "");
    await expect(started({ backupDir: file }).backUp()).rejects.toThrow("is not there");
    chmodSync(stick, 0o500);
    // The system's own user may write everywhere.
    if (process.getuid?.() === 0) return;
    await expect(started().backUp()).rejects.toThrow("must not be written to");
  });

  test("what a program that was killed left half written is cleared away, what another one writes is not", async () => {
    const left = `boothlight-00000000-2024-02-03T11-00-00Z.db.part-${2 ** 22 - 1}`;
    const other = `boothlight-00000000-2024-02-03T11-00-00Z.db.part-${process.ppid}`;
    for (const name of [left, other]) writeFileSync(path.join(stick, name), "half");
    mkdirSync(path.join(dataDir, `backup-under-way-${2 ** 22 - 1}`));
    await started().backUp();
    expect(readdirSync(stick)).not.toContain(left);
    expect(readdirSync(stick)).toContain(other);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("backup-under-way"))).toEqual([]);
  });

  test("a damaged database makes no backup, and the last one stays", async () => {
    const backups = started();
    await logVisit();
    await backups.backUp();
    const file = path.join(folder, "copy.db");
    writeFileSync(file, readFileSync(path.join(stick, (await names())[0] as string)));
    truncateSync(file, statSync(file).size - 8192);
    const under = path.join(folder, "under");
    mkdirSync(under);
    await expect(
      inThread("copy", { source: file, folder: under, to: path.join(under, "x.db") }),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/damaged|SQLITE_CORRUPT/),
    });
    expect(await names()).toHaveLength(1);
  });

  test("what reads otherwise than it was written is no backup", async () => {
    const file = path.join(folder, "file");
    writeFileSync(file, "what was checked");
    const given = {
      file,
      sha256: "0".repeat(64),
      part: path.join(stick, "part"),
      to: path.join(stick, "whole"),
    };
    await expect(inThread("carry", given)).rejects.toMatchObject({ code: "differs" });
    expect(existsSync(given.to)).toBe(false);
  });

  test("a backup that is broken off leaves nothing", async () => {
    const backups = started();
    const stopping = new AbortController();
    const made = backups.backUp({ signal: stopping.signal });
    while (!backups.underWay?.step) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    await expect(made).rejects.toThrow("broken off");
    expect(await names()).toEqual([]);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("backup-under-way"))).toEqual([]);
    await backups.backUp();
    expect(await names()).toHaveLength(1);
  });
});

test("before a database is brought to a newer version, what was there is kept", async () => {
  const older = path.join(folder, "older");
  const db = await openDatabase({ dataDir: older }, NOON);
  await db.close();
  const base = new Sqlite(sqliteFile(older));
  // As a version wrote it that knew the last migration not yet, which made nothing but this.
  base.exec("CREATE TABLE left_by_older (id TEXT)");
  base.prepare("DELETE FROM migrations WHERE name = (SELECT max(name) FROM migrations)").run();
  base.close();
  const config = { ...booth.deps.config, dataDir: older };
  // That migration cannot run twice: the upgrade fails, and the copy is what there is then.
  await expect(
    openDatabase(
      config,
      NOON,
      keepBeforeUpgrade(config, () => NOON),
    ),
  ).rejects.toThrow();
  const [kept] = await backupsIn(path.join(older, "backups"));
  expect(kept).toMatchObject({ isBeforeUpgrade: true, at: NOON });
  const copy = new Sqlite(path.join(older, "backups", kept?.name as string), { readonly: true });
  expect(copy.prepare("SELECT count(*) FROM left_by_older").pluck().get()).toBe(0);
  copy.close();
  // A fresh one has nothing to lose.
  const fresh = path.join(folder, "fresh");
  await (
    await openDatabase(
      { dataDir: fresh },
      NOON,
      keepBeforeUpgrade({ dataDir: fresh }, () => NOON),
    )
  ).close();
  expect(existsSync(path.join(fresh, "backups"))).toBe(false);
});

test("on PostgreSQL none is made, and that is said", async () => {
  const other = await openBooth({ engine: "postgres", config: { dataDir } });
  const backups = new Backups(other.deps);
  await backups.look();
  await expect(backups.backUp()).rejects.toThrow("PostgreSQL");
  expect(await backupFinding(other.deps)).toMatchObject({ words: expect.stringContaining("PostgreSQL") });
  const organizer = await other.organizer();
  const page = await organizer.get("/backups").expect(200);
  expect(page.text).toContain("pg_dump");
  await organizer.post("/backups").expect(409);
  await other.close();
});
