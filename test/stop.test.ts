import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as ask } from "node:http";
import path from "node:path";
import request from "supertest";
import { pairDevice } from "../src/access/store";
import { openDatabase, sqliteFile } from "../src/database/open";
import type { SentVisit } from "../src/visits/form";
import { addEvent, aVisit, PASSPHRASE } from "./support/booth";
import { NOON, temporaryFolder } from "./support/databases";
import { openEvents } from "./support/events";
import { PROGRAM, type Program, startProgram } from "./support/program";

let dataDir: string;
let program: Program | undefined;
beforeEach(() => {
  dataDir = temporaryFolder();
  program = undefined;
});
afterEach(async () => {
  await program?.kill();
  rmSync(dataDir, { recursive: true });
});

/** Pairs devices with an event, before the program runs; gives their tokens. */
async function pairDevices(count: number): Promise<string[]> {
  const db = await openDatabase({ dataDir }, NOON);
  const eventId = await addEvent(db);
  const tokens: string[] = [];
  for (let device = 0; device < count; device++) {
    const place = { eventId, boothId: null };
    tokens.push((await db.write((writer) => pairDevice(writer, place, `Ada ${device}`, NOON))).token);
  }
  await db.close();
  return tokens;
}

async function keptVisits(): Promise<string[]> {
  const db = await openDatabase({ dataDir }, NOON);
  const rows = await db.read.selectFrom("visits").select("id").orderBy("id").execute();
  await db.close();
  return rows.map(({ id }) => id);
}

type Sent = { outcome: "whole"; status: number } | { outcome: "broken" } | { outcome: "no answer" };

/** Sends visits as a tablet does; tells a refused connection from an answer that was cut off in the middle. */
function send(address: string, agent: Agent, token: string, visits: SentVisit[]): Promise<Sent> {
  const body = JSON.stringify({ visits });
  return new Promise((resolve) => {
    let hasBegun = false;
    const asked = ask(
      `${address}/api/visits`,
      {
        method: "POST",
        agent,
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      },
      (answer) => {
        hasBegun = true;
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => {
          text += chunk;
        });
        answer.on("close", () => {
          if (!answer.complete) return resolve({ outcome: "broken" });
          const { results } = JSON.parse(text);
          if (results.length !== visits.length) return resolve({ outcome: "broken" });
          resolve({ outcome: "whole", status: answer.statusCode as number });
        });
        answer.on("error", () => {});
      },
    );
    asked.on("error", () => hasBegun || resolve({ outcome: "no answer" }));
    asked.end(body);
  });
}

test("a stop while ten devices send: every answer is whole, what was acknowledged is there, and one file is left", async () => {
  const tokens = await pairDevices(10);
  program = await startProgram(dataDir);
  const { address } = program;
  const acknowledged: string[] = [];
  const outcomes = { whole: 0, broken: 0, "no answer": 0 };
  // Somebody looks at the desk meanwhile.
  const signedIn = await request(address).post("/session").type("form").send({ passphrase: PASSPHRASE });
  const Cookie = (signedIn.get("Set-Cookie") ?? []).map((each) => each.split(";")[0]).join("; ");
  const desk = await openEvents(`${address}/events/winter-camp/live`, { Cookie });
  const devices = tokens.map(async (token) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    const line = async () => {
      for (;;) {
        const visits = [aVisit({ questions: [{ text: "Does it run on my laptop?" }] }), aVisit()];
        const { outcome } = await send(address, agent, token, visits);
        outcomes[outcome] += 1;
        if (outcome !== "whole") return;
        acknowledged.push(...visits.map(({ id }) => id));
      }
    };
    await Promise.all([line(), line()]);
    agent.destroy();
  });
  while (acknowledged.length < 400) await new Promise((resolve) => setTimeout(resolve, 10));
  const code = program.stop();
  await Promise.all(devices);
  expect(await code).toBe(0);
  expect(await desk.ended).toBe("ended");
  expect(outcomes).toEqual({ whole: acknowledged.length / 2, broken: 0, "no answer": 20 });
  expect(readdirSync(dataDir).sort()).toEqual(["boothlight.db", "certificates"]);
  expect(await keptVisits()).toEqual(expect.arrayContaining(acknowledged.sort()));
}, 60_000);
