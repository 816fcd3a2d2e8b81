import { mkdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { pairDevice } from "../../src/access/store";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { refuseUnsound } from "../../src/database/soundness";
import { addEvent, aVisit } from "../support/booth";
import { temporaryFolder } from "../support/databases";
import { Disk, watch, whyNoWatch } from "../support/power";
import { type Program, startProgram } from "../support/program";

const NAMES = ["boothlight.db", "boothlight.db-wal"];
const why = whyNoWatch();
const watched = why ? test.skip : test;
const skipped = why ? ` (skipped: ${why})` : "";

let home: string;
let program: Program | undefined;
beforeEach(() => {
  home = temporaryFolder();
});
afterEach(async () => {
  await program?.kill();
  rmSync(home, { recursive: true });
});

/** Has the program take visits from ten senders. */
async function takeVisits(address: string, token: string): Promise<void> {
  const note = "What was said. ".repeat(300);
  const send = async () => {
    const visits = [aVisit({ note, questions: [{ text: "How large can it get?" }] }), aVisit({ note })];
    const answer = await fetch(`${address}/api/visits`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
      },
      body: JSON.stringify({ sentAt: new Date().toISOString(), visits }),
    });
    expect(answer.status).toBe(200);
    await answer.text();
  };
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let count = 0; count < 3; count++) await send();
    }),
  );
}

watched(
  `what a power cut leaves at any moment has all that was acknowledged until then${skipped}`,
  async () => {
    const folder = path.join(home, "data");
    const db = await openDatabase({ dataDir: folder }, Date.now());
    const eventId = await addEvent(db);
    const place = { eventId, boothId: null };
    const { token } = await db.write((writer) => pairDevice(writer, place, "Ada", Date.now()));
    await db.close();
    program = await startProgram(folder, { HTTPS_PORT: "off" });
    // So much that the next visits make SQLite carry the log over into the file, which it does at 1000 pages.
    const file = sqliteFile(folder);
    const log = `${file}-wal`;
    do await takeVisits(program.address, token);
    while (statSync(log).size < 650 * 4096);
    const disk = new Disk(folder, NAMES);
    const liar = new Disk(folder, NAMES, { doesSync: false });
    const watching = await watch(program.process.pid as number, path.join(home, "trace"));
    const { mtimeMs } = statSync(file);
    let rounds = 0;
    // How many pages it is depends on how many visits came into one commit.
    do {
      await takeVisits(program.address, token);
      rounds += 1;
    } while (statSync(file).mtimeMs === mtimeMs);
    const steps = await watching.stop();

    const acknowledged: string[] = [];
    const cut = (from: Disk, of: "nothing" | "some") => {
      const left = path.join(home, "left");
      mkdirSync(left);
      from.leave(left, of);
      const lost = lostIn(left, acknowledged);
      rmSync(left, { recursive: true });
      return lost;
    };
    let cuts = 0;
    for (const [index, step] of steps.entries()) {
      disk.do(step);
      liar.do(step);
      if (step.does === "say")
        for (const [, id] of step.text.matchAll(/"id":"([^"]+)","status":"recorded"/g))
          acknowledged.push(id as string);
      // After the moments in which the most is open: an answer, or in the middle of a transaction.
      if (step.does === "say" ? index % 2 > 0 : index % 250 > 0) continue;
      cuts += 1;
      expect({ index, lost: cut(disk, "nothing") }).toEqual({ index, lost: [] });
      expect({ index, lost: cut(disk, "some") }).toEqual({ index, lost: [] });
    }
    expect(cuts).toBeGreaterThan(15);
    expect(acknowledged).toHaveLength(60 * rounds);
    expect(steps.some((step) => step.does === "write" && step.file === file)).toBe(true);
    // A disk that does not sync loses them: this would show.
    expect(cut(liar, "nothing").length).toBeGreaterThan(20);
  },
);

/** Which visits are not there after a start; the file has to be whole. */
function lostIn(folder: string, ids: string[]): string[] {
  const file = sqliteFile(folder);
  refuseUnsound(file);
  const database = new BetterSqlite3(file);
  try {
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    const there = new Set(database.prepare("SELECT id FROM visits").pluck().all());
    return ids.filter((id) => !there.has(id));
  } finally {
    database.close();
  }
}
