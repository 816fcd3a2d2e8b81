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
import { type Program, startProgram } from "./support/program";

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
    tokens.push((await db.write((writer) => pairDevice(writer, place, `Ada ${device}`, Date.now()))).token);
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
  while (acknowledged.length < 400) await aMoment();
  const code = program.stop();
  await Promise.all(devices);
  expect(await code).toBe(0);
  expect(await desk.ended).toBe("ended");
  expect(outcomes).toEqual({ whole: acknowledged.length / 2, broken: 0, "no answer": 20 });
  expect(readdirSync(dataDir).filter((name) => name.startsWith("boothlight.db"))).toEqual(["boothlight.db"]);
  expect(await keptVisits()).toEqual(expect.arrayContaining(acknowledged.sort()));
});

/** A request whose body never ends; resolves when the program has read its head. */
async function neverEnding(address: string, token: string): Promise<void> {
  const asked = ask(`${address}/api/visits`, {
    method: "POST",
    agent: false,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "Content-Length": 100 },
  });
  asked.on("error", () => {});
  await new Promise<void>((resolve) => asked.write('{"visits":', () => resolve()));
  // Another connection is answered after it.
  await request(address).get("/healthz").expect(200);
}

test("who asks a second time is not kept waiting, and nothing acknowledged is lost by that", async () => {
  const [token] = await pairDevices(1);
  program = await startProgram(dataDir, { LOG_LEVEL: "info" });
  const visit = aVisit();
  const agent = new Agent();
  expect(await send(program.address, agent, token as string, [visit])).toMatchObject({ outcome: "whole" });
  await neverEnding(program.address, token as string);
  const code = program.stop("SIGINT");
  while (!program.printed().includes("Ctrl+C again stops at once")) await aMoment();
  program.process.kill("SIGINT");
  expect(await code).toBe(130);
  expect(await keptVisits()).toEqual([visit.id]);
});

test("a request that does not end is cut off after a while, and the stop is in order all the same", async () => {
  const [token] = await pairDevices(1);
  program = await startProgram(dataDir, { LOG_LEVEL: "warn" });
  await neverEnding(program.address, token as string);
  expect(await program.stop("SIGHUP")).toBe(0);
  expect(program.printed()).toContain("requests did not finish in time and were cut off");
  expect(existsSync(`${sqliteFile(dataDir)}-wal`)).toBe(false);
});

test("a terminal that is gone ends nothing: the booth goes on, and stops in order", async () => {
  program = await startProgram(dataDir, { LOG_LEVEL: "info" });
  program.process.stdout?.destroy();
  program.process.stderr?.destroy();
  // Each of these is a line in the log, for which there is no terminal any more.
  for (let times = 0; times < 5; times++) await request(program.address).get("/no-such-page").expect(404);
  await request(program.address).get("/healthz").expect(200);
  expect(await program.stop()).toBe(0);
});

/** Has the built program do something of its own when it is told SIGUSR2. */
function withFault(script: string): Record<string, string> {
  const file = path.join(dataDir, "fault.js");
  writeFileSync(file, `process.on("SIGUSR2", () => { ${script} });`);
  return { NODE_OPTIONS: `--require ${JSON.stringify(file)}` };
}

const PRIVATE = "zoe@visitor.example";

test.each([
  ["an error that nobody caught", `throw Object.assign(new TypeError("${PRIVATE}"), { code: "EODD" });`],
  [
    "a promise that nobody waited for",
    `Promise.reject(Object.assign(new TypeError("${PRIVATE}"), { code: "EODD" }));`,
  ],
])(
  "%s ends the program with exit code 70, and the log says what and where, without its words",
  async (_what, script) => {
    program = await startProgram(dataDir, { LOG_FILE: "", ...withFault(script) });
    expect(await program.stop("SIGUSR2")).toBe(70);
    const log = readFileSync(path.join(dataDir, "logs", "boothlight.log"), "utf8");
    const fault = JSON.parse(log.trim().split("\n").at(-1) as string);
    expect(fault).toMatchObject({ level: 60, error: { name: "TypeError", code: "EODD" } });
    expect(fault.error.frames[0]).toContain("fault.js");
    expect(log + program.printed()).not.toContain(PRIVATE);
    expect(program.printed()).toContain("Fault: Boothlight has to end, by a fault of its own");

    program = await startProgram(dataDir);
    expect(program.printed()).toContain("Boothlight stopped unexpectedly and was started again.");
    expect(await program.stop()).toBe(0);
    program = await startProgram(dataDir);
    expect(program.printed()).not.toContain("stopped unexpectedly");
  },
);

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 10));
