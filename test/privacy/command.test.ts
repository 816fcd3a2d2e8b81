import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { openDatabase } from "../../src/database/open";
import { aVisit, openBooth } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";
import { PROGRAM } from "../support/program";
import { atTerminal } from "../support/terminal";

const ASKED = /Erase .*for good\? \(.*\) /;

let dataDir: string;
let env: NodeJS.ProcessEnv;

/** A laptop on which three visitors have left their details, two of the same name. */
beforeEach(async () => {
  dataDir = temporaryFolder();
  env = { PATH: process.env.PATH, DATA_DIR: dataDir };
  const booth = await openBooth({ db: await openDatabase({ dataDir }, NOON) });
  const tablet = await booth.tablet("Ada");
  for (const [name, email] of [
    ["Zoë Tannenbaum", "zoe@visitor.example"],
    ["Zoë Birke", "birke@visitor.example"],
    ["Kim Lark", "kim@visitor.example"],
  ] as const) {
    await tablet.send(aVisit({ contact: { name, email, consent: ["follow-up"] } }));
  }
  await booth.close();
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const typed = (answer: string, ...words: string[]) =>
  atTerminal([process.execPath, PROGRAM, "erase", ...words], ASKED, answer, env);
const unasked = (...words: string[]) =>
  spawnSync(process.execPath, [PROGRAM, "erase", ...words], { env, encoding: "utf8" });

/** Whose details are kept, and how many visits count. */
async function kept(): Promise<{ people: string[]; visits: number }> {
  const db = await openDatabase({ dataDir }, NOON);
  const contacts = await db.read.selectFrom("contacts").select("name").orderBy("name").execute();
  const visits = await db.read.selectFrom("visits").select("id").where("deleted_at", "is", null).execute();
  await db.close();
  return { people: contacts.flatMap(({ name }) => name ?? []), visits: visits.length };
}
const ALL = { people: ["Kim Lark", "Zoë Birke", "Zoë Tannenbaum"], visits: 3 };

test("of those who are found, the one whose number is typed is erased, and their visit goes on counting", async () => {
  const { code, shown } = await typed("2", "zoe");
  expect([code, shown]).toEqual([0, expect.stringContaining("Erased.")]);
  expect(shown).not.toContain("Kim Lark");
  const second = /^ +2 {2}.*?(Zoë \w+)/m.exec(shown)?.[1];
  expect(await kept()).toEqual({ people: ALL.people.filter((name) => name !== second), visits: 3 });
});

test("all who are found are erased with the word all, and nobody else", async () => {
  const { code, shown } = await typed("all", "zoe");
  expect([code, shown]).toEqual([0, expect.stringContaining("2 erased.")]);
  expect(await kept()).toEqual({ people: ["Kim Lark"], visits: 3 });
});

test.each(["3", "y"])("with %j typed, nobody is erased", async (answer) => {
  const { code, shown } = await typed(answer, "zoe");
  expect([code, shown]).toEqual([0, expect.stringContaining("Nobody was erased.")]);
  expect(await kept()).toEqual(ALL);
});

test("where nobody is there to be asked, nobody is erased, unless --yes was said", async () => {
  const refused = unasked("kim@visitor.example");
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("--yes erases all")]);
  expect(await kept()).toEqual(ALL);
  expect(unasked("--yes", "kim@visitor.example")).toMatchObject({ status: 0, stderr: "" });
  expect(await kept()).toEqual({ people: ["Zoë Birke", "Zoë Tannenbaum"], visits: 3 });
});

test("nothing is erased for words that find nobody, or for none", async () => {
  for (const [words, said] of [
    [["--yes", "nobody@visitor.example"], "nobody is kept under that"],
    [["--yes"], "say whom"],
  ] as const) {
    const { status, stderr } = unasked(...words);
    expect([status, stderr]).toEqual([1, expect.stringContaining(said)]);
  }
  expect(await kept()).toEqual(ALL);
});
