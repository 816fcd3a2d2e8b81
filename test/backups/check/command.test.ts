import { spawn } from "node:child_process";
import { readFileSync, rmSync, truncateSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import type { Finding } from "../../../src/backups/check/rules";
import { openDatabase, sqliteFile } from "../../../src/database/open";
import { aVisit, openBooth } from "../../support/booth";
import { temporaryFolder } from "../../support/databases";
import { PROGRAM, startProgram } from "../../support/program";

let folder: string;
beforeEach(async () => {
  folder = temporaryFolder();
  const booth = await openBooth({ db: await openDatabase({ dataDir: folder }, Date.now()), now: Date.now });
  const ada = await booth.tablet();
  for (let visits = 0; visits < 3; visits++) await ada.send(aVisit());
  await booth.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the built program to its end. */
function run(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    env: { PATH: process.env.PATH, DATA_DIR: folder, PORT: "0", HTTPS_PORT: "off", HOST: "127.0.0.1" },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

const miscount = () => {
  const file = new BetterSqlite3(sqliteFile(folder));
  file.exec("UPDATE kept_figures SET visits = visits + 1 WHERE what = 'visit'");
  file.close();
};

test("check finds a laptop in order to be so, also while the booth runs", async () => {
  const booth = await startProgram(folder, { HTTPS_PORT: "off" });
  const { code, out, err } = await run("check", "--json");
  expect(await booth.stop()).toBe(0);
  expect(err).toBe("");
  const findings = JSON.parse(out) as Finding[];
  expect(findings.filter((each) => each.verdict === "bad")).toEqual([]);
  expect(findings.map((each) => each.of)).toEqual(
    expect.arrayContaining([
      "saving",
      "database",
      "settings",
      "figures",
      "clock",
      "disk",
      "certificate",
      "folder",
    ]),
  );
  expect(code).toBe(0);
});

test("figures that differ are found, and mended when that is asked for", async () => {
  await run("backup");
  miscount();
  const found = await run("check");
  expect(found.out).toMatch(
    /^✗ The figures of “visit” differ: 4 are kept where 3 are counted\.\n {2}boothlight check --mend/,
  );
  expect(found.code).toBe(1);
  const mended = await run("check", "--mend");
  expect(mended.out).toContain("✓ All is counted anew.");
  expect(mended.code).toBe(0);
  expect((await run("check")).code).toBe(0);
});

test("of a database that cannot be opened, check says so and the rest, and start the way to the last backup", async () => {
  expect((await run("backup")).code).toBe(0);
  truncateSync(sqliteFile(folder), 3 * 4096 + 100);
  const before = readFileSync(sqliteFile(folder));
  const checked = await run("check");
  expect(checked.out).toMatch(
    /^✗ The database .*boothlight\.db is damaged: \d+ of its \d+ pages are missing\. It was left as it is\./,
  );
  expect(checked.out).toContain("boothlight restore");
  expect(checked.out).toMatch(/free on the disk/);
  expect(checked.code).toBe(1);
  const started = await run("start");
  expect(started.err).toMatch(
    /^boothlight: the database .* pages are missing\. It was left as it is\.\n {2}The last backup was made just now: .*\.db\. boothlight restore/,
  );
  expect(started.out).toBe("");
  for (const text of [checked.err, started.err]) expect(text).not.toMatch(/^\s+at .*:\d+/m);
  expect(started.code).toBe(1);
  expect(readFileSync(sqliteFile(folder)).equals(before)).toBe(true);
});
