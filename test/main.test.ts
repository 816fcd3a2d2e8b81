import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { Agent, request as ask, type ClientRequest, createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import request from "supertest";
import { isPassphrase } from "../src/access/rules";
import { keptPassphrase, openSession, pairDevice } from "../src/access/store";
import { SETTINGS } from "../src/config";
import { openDatabase } from "../src/database/open";
import { addEvent, aVisit } from "./support/booth";
import { NOON, temporaryFolder } from "./support/databases";
import { PROGRAM, startProgram } from "./support/program";

let dataDir: string;
beforeEach(() => {
  dataDir = temporaryFolder();
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** Runs a command of the built program to its end. */
function run(args: string[], env: Record<string, string> = {}, typed = "", script = PROGRAM) {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: "0", HOST: "127.0.0.1", ...env },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  child.stdin.end(typed);
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, out, err })),
  );
}

async function withDatabase<T>(
  work: (db: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>,
): Promise<T> {
  const db = await openDatabase({ dataDir }, NOON);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

describe("a start that cannot be", () => {
  test.each([
    [{ PORT: "eighty" }, "PORT must be a whole number from 0 to 65535."],
    [{ LOG_LEVEL: "loud" }, "LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent."],
    [{ PUBLIC_URL: "booth" }, "PUBLIC_URL must be an address such as https://booth.example.org."],
    [{ HOST: "192.0.2.200" }, "HOST 192.0.2.200 is no address of this laptop."],
    [
      { DATABASE_URL: "postgres://ada:secret@127.0.0.1:1/booth" },
      "the database that DATABASE_URL names cannot be reached: connect ECONNREFUSED 127.0.0.1:1.",
    ],
  ])("with %j ends with one line and exit code 1", async (env, line) => {
    const { code, out, err } = await run(["start"], env as Record<string, string>);
    expect(err).toBe(`boothlight: ${line}\n`);
    expect(out).toBe("");
    expect(code).toBe(1);
  });

  test("on a port in use ends with one line that says what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, err } = await run(["start"], { PORT: String(port) });
    expect(err).toBe(`boothlight: port ${port} is in use. Stop what uses it, or set PORT to another one.\n`);
    expect(code).toBe(1);
    await new Promise((resolve) => other.close(resolve));
  });

  test("with a file that is no database ends with words that name it, and the way to the last backup", async () => {
    const file = path.join(dataDir, "boothlight.db");
    writeFileSync(file, "somebody's notes, which are no database");
    const { code, err } = await run(["start"]);
    expect(err).toContain(
      `boothlight: the database ${file} is damaged, or no database: it does not begin as one.`,
    );
    expect(err).toContain("boothlight restore");
    expect(err).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });
});

describe("the command line", () => {
  test("helps: with every command and every setting", async () => {
    const { code, out } = await run(["--help"]);
    for (const { name, meaning } of SETTINGS) expect(out).toMatch(new RegExp(`${name} +${meaning}`));
    for (const command of ["start", "demo", "import", "passphrase"])
      expect(out).toMatch(new RegExp(`^ +${command}\\b`, "m"));
    expect(code).toBe(0);
  });

  test("does not take a mistyped command for a start", async () => {
    const { code, err } = await run(["strat"]);
    expect(err).toBe("boothlight: there is no command strat. boothlight --help lists the commands.\n");
    expect(code).toBe(1);
  });

  test("refuses an option that there is not", async () => {
    const { code, err } = await run(["--colour"]);
    expect(err).toContain("unknown option '--colour'");
    expect(code).toBe(1);
  });
});

describe("the command passphrase", () => {
  test("sets a new one, of which only the hash is kept, and signs everybody out", async () => {
    const token = await withDatabase((db) => db.write((writer) => openSession(writer, NOON)));
    const { code, out, err } = await run(["passphrase"], {}, "the lamp in the hall\n");
    expect(err).toBe("");
    expect(out).toBe("The passphrase is set, and everybody is signed out.\n");
    expect(code).toBe(0);
    await withDatabase(async (db) => {
      expect(await isPassphrase("the lamp in the hall", (await keptPassphrase(db.read)) as string)).toBe(
        true,
      );
      expect(await db.read.selectFrom("sessions").selectAll().execute()).toEqual([]);
    });
    expect(token).toHaveLength(32);
  });

  test("refuses one that is too short, and keeps the old one", async () => {
    await run(["passphrase"], {}, "the lamp in the hall\n");
    const kept = await withDatabase((db) => keptPassphrase(db.read));
    const { code, err } = await run(["passphrase"], {}, "lamp\n");
    expect(err).toBe("boothlight: At least 8 characters, please. Four words are good.\n");
    expect(code).toBe(1);
    expect(await withDatabase((db) => keptPassphrase(db.read))).toBe(kept);
  });

  test("refuses none at all", async () => {
    const { code, err } = await run(["passphrase"], {}, "");
    expect(err.split("\n")).toHaveLength(2);
    expect(code).toBe(1);
  });

  test("says that ORGANIZER_PASSPHRASE counts as long as it is set", async () => {
    const { out } = await run(
      ["passphrase"],
      { ORGANIZER_PASSPHRASE: "four words are good" },
      "the lamp in the hall\n",
    );
    expect(out).toContain("ORGANIZER_PASSPHRASE is set too");
  });
});

describe("the program", () => {
  test("says at its first start where it is, in words and as a QR code, and how to sign in once", async () => {
    const first = await startProgram(dataDir, { ORGANIZER_PASSPHRASE: "" });
    expect(first.printed()).toContain("▄▄▄▄▄▄▄");
    const address = /http:\/\/localhost:\d+(\/sign-in\/\S+)/.exec(first.printed())?.[1] as string;
    await request(first.address).get(address).expect(200);
    const passphrase = "the lamp in the hall";
    await request(first.address)
      .post(address)
      .type("form")
      .send({ passphrase, again: passphrase })
      .expect(303);
    await first.stop();

    const second = await startProgram(dataDir, { ORGANIZER_PASSPHRASE: "" });
    expect(second.printed()).not.toContain("/sign-in/");
    await request(second.address).post("/session").type("form").send({ passphrase }).expect(303);
    await second.stop();
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "that gets %s finishes what is under way, then ends well",
    async (signal) => {
      const token = await withDatabase(async (db) => {
        const eventId = await addEvent(db);
        return db.write((writer) => pairDevice(writer, { eventId, boothId: null }, "Ada", Date.now()));
      });
      const program = await startProgram(dataDir);
      const idle = new Agent({ keepAlive: true });
      await request(program.address).get("/healthz").agent(idle).expect(200);

      const visit = aVisit();
      const body = JSON.stringify({ visits: [visit] });
      const underWay = ask(`${program.address}/api/visits`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${token.token}`,
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
        },
      });
      const answer = answerTo(underWay);
      await new Promise<void>((resolve) => underWay.write(body.slice(0, 10), () => resolve()));
      // The program has read the request's head when another connection is answered after it.
      await request(program.address).get("/healthz").expect(200);
      const code = program.stop(signal);
      await new Promise((resolve) => setTimeout(resolve, 200));
      underWay.end(body.slice(10));
      expect(JSON.parse(await answer)).toEqual({ results: [{ id: visit.id, status: "recorded" }] });
      expect(await code).toBe(0);
      idle.destroy();
      const kept = await withDatabase((db) => db.read.selectFrom("visits").select("id").execute());
      expect(kept).toEqual([{ id: visit.id }]);
    },
  );

  test("that is asked to stop takes no new visitors", async () => {
    const program = await startProgram(dataDir);
    expect(await program.stop()).toBe(0);
    await expect(
      request(program.address)
        .get("/healthz")
        .then(() => "an answer"),
    ).rejects.toThrow("ECONNREFUSED");
  });
});

describe("npm start", () => {
  const SCRIPT = path.resolve(__dirname, "../scripts/boothlight.mjs");

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "that gets %s, even twice, stops the program and waits for it",
    async (signal) => {
      const program = await startProgram(dataDir, {}, SCRIPT);
      program.process.kill(signal);
      expect(await program.stop(signal)).toBe(0);
      await expect(request(program.address).get("/healthz")).rejects.toThrow("ECONNREFUSED");
    },
  );

  test("ends with the exit code of the program", async () => {
    const { code, err } = await run(["start"], { PORT: "eighty" }, "", SCRIPT);
    expect(err).toContain("PORT must be");
    expect(code).toBe(1);
    expect((await run(["--help"], {}, "", SCRIPT)).code).toBe(0);
  });
});

function answerTo(asked: ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    asked.on("error", reject);
    asked.on("response", (answer: IncomingMessage) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve(text));
    });
  });
}
