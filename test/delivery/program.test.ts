import { rmSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { addAnswerer, ask, SOON, step } from "../support/asking";
import { openBooth } from "../support/booth";
import { temporaryFolder } from "../support/databases";
import { openPostOffice, type PostOffice, type Stage, silence } from "../support/post-office";
import { type Program, startProgram } from "../support/program";

let office: PostOffice;
let folder: string;
let program: Program | undefined;
beforeEach(async () => {
  office = await openPostOffice();
  folder = temporaryFolder();
  // Questions for three experts, routed a while ago.
  const then = Date.now() - SOON;
  const booth = await openBooth({ db: await openDatabase({ dataDir: folder }, then), now: () => then });
  for (const name of ["Ida", "Kai", "Lou"]) {
    const expertId = await addAnswerer(booth, { name, address: `${name}@experts.example` });
    await step(booth, await ask(booth, `A question for ${name}`), "routed", { expertId });
  }
  await booth.close();
});
afterEach(async () => {
  await program?.stop();
  program = undefined;
  await office.goAway();
  rmSync(folder, { recursive: true });
});

const start = async () => {
  program = await startProgram(folder, { SMTP_URL: office.url, MAIL_FROM: "booth@camp.example" });
  return program;
};

/** Looks into the data folder while no program runs. */
function look<T>(work: (file: BetterSqlite3.Database) => T): T {
  const file = new BetterSqlite3(sqliteFile(folder));
  try {
    return work(file);
  } finally {
    file.close();
  }
}

const statesOf = () => look((file) => file.prepare("SELECT state FROM messages ORDER BY id").pluck().all());

/** The clock goes on while the program is dead: what it had claimed is free again. */
const letClaimsRunOut = () =>
  look((file) => file.prepare("UPDATE messages SET claimed_until = 1 WHERE state = 'sending'").run());

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

test("what is due goes out when the program starts, and is not sent again at the next start", async () => {
  const first = await start();
  await until(() => office.raw.length === 3);
  expect(await first.stop()).toBe(0);
  expect(statesOf()).toEqual(["delivered", "delivered", "delivered"]);
  const second = await start();
  await until(async () => (await fetch(`${second.address}/healthz`)).ok);
  expect(await second.stop()).toBe(0);
  expect(office.raw).toHaveLength(3);
});

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 100));

test("a program that is asked to stop finishes the mail that is under way, and begins no other", async () => {
  const held = new Promise<() => void>((resolve) => {
    office.at.kept = () => new Promise<void>((goOn) => resolve(goOn));
  });
  const running = await start();
  const goOn = await held;
  const stopped = running.stop();
  // Its door shuts when it has heard.
  while (await fetch(`${running.address}/healthz`).then(Boolean, () => false)) await aMoment();
  await aMoment();
  office.at.kept = undefined;
  goOn();
  expect(await stopped).toBe(0);
  expect(office.raw).toHaveLength(1);
  expect(statesOf().sort()).toEqual(["delivered", "waiting", "waiting"]);
});

test.each<[string, Stage, "hangs" | "goes on"]>([
  ["as it connects", "connect", "hangs"],
  ["as it says who the mail is from", "from", "hangs"],
  ["as it says who the mail is for", "to", "hangs"],
  ["as it sends the mail", "data", "hangs"],
  ["when the server has the mail, and has not kept it", "kept", "hangs"],
  ["when the server has kept the mail, and has not said so", "answered", "hangs"],
  ["when the server says that it has it", "answered", "goes on"],
])("killed %s, and started again, every mail is in the mailbox once", async (_when, stage, then) => {
  // At the second mail: one is through, one is under way, one waits.
  let mails = 0;
  const reached = new Promise<void>((resolve) => {
    office.at[stage] = () => {
      mails += 1;
      if (mails < 2) return;
      resolve();
      if (then === "hangs") return silence();
    };
  });
  const first = await start();
  await reached;
  await first.kill();
  office.cut();
  office.at = {};
  letClaimsRunOut();

  const second = await start();
  await until(async () => (await office.mailbox()).length === 3);
  expect(await second.stop()).toBe(0);
  expect(statesOf()).toEqual(["delivered", "delivered", "delivered"]);
  const mailbox = await office.mailbox();
  expect(mailbox.map((mail) => mail.subject).sort()).toEqual([
    "[Winter Camp] Question: A question for Ida",
    "[Winter Camp] Question: A question for Kai",
    "[Winter Camp] Question: A question for Lou",
  ]);
  // Only where the server had kept the mail did it get it twice, under one id.
  expect(office.raw.length).toBeLessThanOrEqual(stage === "answered" ? 4 : 3);
});
