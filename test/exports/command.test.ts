import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { openDatabase } from "../../src/database/open";
import { FORMATS, LIST_NAMES } from "../../src/exports/rules";
import { readCsv } from "../support/csv";
import { NOON, temporaryFolder } from "../support/databases";
import { PROGRAM } from "../support/program";
import { unzipped } from "../support/zip";

let folder: string;
let dataDir: string;
beforeAll(() => {
  folder = temporaryFolder();
  dataDir = path.join(folder, "data");
  const demo = path.resolve(__dirname, "../../db/demo-event.json");
  expect(run("import", demo).status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...given: string[]) {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir };
  return spawnSync(process.execPath, [PROGRAM, ...given], { env, encoding: "utf8", maxBuffer: 64 << 20 });
}

test("the command line writes every list and every format, and for its owner alone", () => {
  // A start of the program each: a format of which several lists are made is tried with one of them.
  const listOf = new Map(
    LIST_NAMES.flatMap((list) => FORMATS[list].map((format) => [format, list] as const)),
  );
  expect(new Set(listOf.values()).size).toBe(LIST_NAMES.length);
  for (const [format, list] of listOf) {
    const file = path.join(folder, `${list}.${format}`);
    const { status, stderr } = run("export", list, "--format", format, "--output", file);
    expect({ list, format, status, stderr }).toEqual({ list, format, status: 0, stderr: "" });
    expect(statSync(file).size).toBeGreaterThan(100);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("what is taken there is written down too, with why", async () => {
  const { stdout } = run("export", "contacts", "--consent", "news", "--why", "The newsletter of May");
  const contacts = readCsv(stdout).length - 1;
  expect(contacts).toBeGreaterThan(0);
  const db = await openDatabase({ dataDir }, NOON);
  const last = await db.read
    .selectFrom("contact_exports")
    .select(["actor", "list", "format", "purpose", "reason", "contacts"])
    .orderBy("id", "desc")
    .executeTakeFirst();
  await db.close();
  expect(last).toEqual({
    actor: "command line",
    list: "contacts",
    format: "csv",
    purpose: "news",
    reason: "The newsletter of May",
    contacts,
  });
});

test("follow-ups come in a file for each project, in a ZIP", async () => {
  const file = path.join(folder, "follow-ups.zip");
  expect(run("export", "follow-ups", "--by", "project", "--output", file).stderr).toBe("");
  const files = await unzipped(readFileSync(file));
  const whole = readCsv(run("export", "follow-ups").stdout);
  const parts = Object.values(files).flatMap((text) => readCsv(text).slice(1));
  expect(Object.keys(files).length).toBeGreaterThan(1);
  expect(parts.map((row) => row.at(-2)).sort()).toEqual(
    whole
      .slice(1)
      .map((row) => row.at(-2))
      .sort(),
  );
});

test("what cannot be made is told in a line for each word, and no file is begun", () => {
  const file = path.join(folder, "wrong.csv");
  const { status, stderr } = run("export", "visits", "--topic", "nope", "--state", "lost", "--output", file);
  expect(status).toBe(1);
  expect(stderr).toContain("state: There is no state “lost”");
  expect(run("export", "visits", "--topic", "nope", "--output", file).stderr).toContain(
    "topic: There is no topic “nope” here.",
  );
  expect(readdirSync(folder).filter((name) => name.startsWith("wrong"))).toEqual([]);
});
