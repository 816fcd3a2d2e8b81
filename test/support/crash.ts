import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import os from "node:os";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { uuidv7 } from "uuidv7";
import { listsOf } from "../../src/catalog/store";
import { checkFigures } from "../../src/database/figures";
import { openDatabase, type Reader, sqliteFile } from "../../src/database/open";
import type { Tables } from "../../src/database/tables";
import type { SentVisit } from "../../src/visits/form";
import { asSent, fullVisits } from "../../src/visits/store";
import { addEvent, PASSPHRASE } from "./booth";
import { type Program, startProgram } from "./program";
import type { SmallDisk } from "./small-disk";

/** What goes wrong while ten devices log visits, until the program is killed. */
export const TROUBLES = ["none", "as it starts", "disk full", "held by another", "backup"] as const;
export type TroubleOfARound = (typeof TROUBLES)[number];

/** What a round of the crash tests has found. */
export interface Round {
  trouble: TroubleOfARound;
  /** Visits, changes of visits and undone ones that were acknowledged until now. */
  acknowledged: number;
  /** Requests of this round that were answered with trouble (503), to be sent again. */
  refused: number;
  /** Milliseconds from the start of the program after the crash until it says where it is. */
  startedIn: number;
  /** Everything that is not as it should be, in a sentence each. */
  faults: string[];
}

const DEVICES = 10;
const roll = (sides: number) => Math.floor(Math.random() * sides);
const any = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
const aMoment = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A booth that is killed again and again while ten paired devices log visits as tablets do. */
export class CrashingBooth {
  readonly #folder: string;
  readonly #disk: SmallDisk | undefined;
  readonly #env: Record<string, string>;
  readonly #devices: Device[] = [];
  #program: Program | undefined;
  #port = "0";
  #endTrouble = async () => {};

  /** `disk`: where the data folder is on a small disk that can be filled. */
  private constructor(folder: string, env: Record<string, string>, disk?: SmallDisk) {
    this.#folder = folder;
    this.#env = env;
    this.#disk = disk;
  }

  /** Makes an event in the data folder, starts the program, and pairs ten devices as tablets are paired. */
  static async open(
    folder: string,
    env: Record<string, string> = {},
    disk?: SmallDisk,
  ): Promise<CrashingBooth> {
    const db = await openDatabase({ dataDir: folder }, Date.now());
    await addEvent(db);
    await db.close();
    const booth = new CrashingBooth(folder, env, disk);
    await booth.#start();
    const { address } = booth.#program as Program;
    booth.#port = new URL(address).port;
    const cookie = await signIn(address);
    for (let index = 0; index < DEVICES; index++)
      booth.#devices.push(new Device(address, await pair(address, cookie, `Staff ${index}`)));
    return booth;
  }

  /**
   * One crash: trouble begins, the program is killed at a random moment, is started again, and all is looked at. `within`:
   * milliseconds among which that moment is; `passes`: whether there is room on the disk again before, and it has to go on by itself.
   */
  async crash(trouble: TroubleOfARound, { within = 300, passes = roll(2) === 0 } = {}): Promise<Round> {
    const before = this.#sum("refused");
    for (const device of this.#devices) device.go();
    this.#endTrouble = await this.#begin(trouble);
    if (trouble === "as it starts") {
      await this.#program?.kill();
      const starting = this.#start().catch(() => {});
      await aMoment(roll(within));
      this.#starting?.kill("SIGKILL");
      await starting;
    } else {
      await this.#untilAcknowledged(roll(60), 1000);
      await aMoment(roll(within));
      if (trouble === "disk full" && passes) {
        await this.#endTrouble();
        await this.#untilAcknowledged(1, 10_000);
        await aMoment(roll(within));
      }
    }
    await this.#program?.kill();
    await this.#endTrouble();
    this.#endTrouble = async () => {};
    await Promise.all(this.#devices.map((device) => device.rest()));
    const begin = performance.now();
    await this.#start();
    const startedIn = performance.now() - begin;
    const faults = await this.look();
    return {
      trouble,
      acknowledged: this.#sum("acknowledged"),
      refused: this.#sum("refused") - before,
      startedIn,
      faults,
    };
  }

  /** Lets the devices send all that waits, looks at it once more, and stops the program. Gives what is not as it should be. */
  async close(): Promise<string[]> {
    for (const device of this.#devices) await device.sendAll();
    const faults = await this.look({ isAllSent: true });
    const code = await this.#program?.stop();
    if (code !== 0) faults.push(`Asked to stop, the program ended with ${code}.`);
    return faults;
  }

  /** Ends all of it, whatever is under way. */
  async end(): Promise<void> {
    await this.#program?.kill();
    await this.#endTrouble();
    await Promise.all(this.#devices.map((device) => device.rest()));
  }

  /** Compares what is in the database with what the devices know, over a connection of its own. */
  async look({ isAllSent = false } = {}): Promise<string[]> {
    const faults = this.#devices.flatMap((device) => device.faults);
    const file = new BetterSqlite3(sqliteFile(this.#folder), { readonly: true, timeout: 5000 });
    const read = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) });
    try {
      const integrity = file.pragma("integrity_check", { simple: true });
      if (integrity !== "ok") faults.push(`integrity_check: ${integrity}`);
      for (const row of file.pragma("foreign_key_check") as object[])
        faults.push(`foreign_key_check: ${JSON.stringify(row)}`);
      for (const each of await checkFigures(read)) faults.push(`kept figures: ${JSON.stringify(each)}`);
      faults.push(...(await this.#compare(read, isAllSent)));
    } finally {
      await read.destroy();
    }
    return faults;
  }

  async #compare(read: Reader, isAllSent: boolean): Promise<string[]> {
    const faults: string[] = [];
    const known = new Map(this.#devices.flatMap((device) => [...device.known]));
    const event = await read.selectFrom("events").select("id").executeTakeFirstOrThrow();
    const lists = await listsOf(read, event.id);
    const rows = await read.selectFrom("visits").select(["id", "deleted_at"]).execute();
    const deleted = new Set(rows.filter((row) => row.deleted_at !== null).map((row) => row.id));
    const gone = new Set(
      (await read.selectFrom("gone_visits").select("visit_id").execute()).map((row) => row.visit_id),
    );
    const there = new Set(rows.map((row) => row.id));
    for (const [id, { versions, acknowledged, isUndone }] of known) {
      if (isUndone === "acknowledged") {
        if (!gone.has(id) && !deleted.has(id)) faults.push(`lost: ${id} was undone, and counts`);
      } else if (acknowledged > 0 && !there.has(id)) faults.push(`lost: ${id} was acknowledged`);
      if (isAllSent && !isUndone && acknowledged !== versions.length)
        faults.push(`left: ${id} was never taken`);
    }
    for (let from = 0; from < rows.length; from += 500) {
      const ids = rows.slice(from, from + 500).map((row) => row.id);
      for (const visit of await fullVisits(read, ids)) {
        const each = known.get(visit.id);
        const sent = each?.versions[visit.revision - 1];
        if (!each || !sent) faults.push(`unknown: ${visit.id} was never sent in revision ${visit.revision}`);
        else if (visit.revision < each.acknowledged)
          faults.push(
            `lost: ${visit.id} revision ${each.acknowledged} was acknowledged, ${visit.revision} is there`,
          );
        else if (plain(asSent(visit, lists)) !== plain(sent))
          faults.push(`half: ${visit.id}: ${plain(asSent(visit, lists))} is there of ${plain(sent)}`);
      }
    }
    return faults;
  }

  #starting: ChildProcess | undefined;

  async #start(): Promise<void> {
    this.#program = undefined;
    const env = { HTTPS_PORT: "0", ...this.#env, PORT: this.#port };
    this.#program = await startProgram(this.#folder, env, undefined, (child) => {
      this.#starting = child;
    });
  }

  /** Lets trouble begin; gives what ends it. */
  async #begin(trouble: TroubleOfARound): Promise<() => Promise<void>> {
    const file = sqliteFile(this.#folder);
    if (trouble === "disk full") {
      if (!this.#disk) throw new Error("Only a small disk can be filled.");
      await aMoment(roll(200));
      this.#disk.fill();
      return async () => this.#disk?.makeRoom();
    }
    if (trouble === "held by another") return besides(HOLD, file);
    if (trouble === "backup") return besides(BACK_UP, file);
    return async () => {};
  }

  /** Waits until so much more is acknowledged, no longer than so many milliseconds: with trouble it may never be. */
  async #untilAcknowledged(more: number, most: number): Promise<void> {
    const enough = this.#sum("acknowledged") + more;
    const until = performance.now() + most;
    while (this.#sum("acknowledged") < enough && performance.now() < until) await aMoment(5);
  }

  #sum(what: "acknowledged" | "refused"): number {
    return this.#devices.reduce((sum, device) => sum + device[what], 0);
  }
}

/** A visit as a device knows it. */
interface Known {
  /** What was made of it, revision by revision from 1. */
  versions: SentVisit[];
  /** The highest revision that was acknowledged; 0: none. */
  acknowledged: number;
  isUndone: false | "sent" | "acknowledged";
}

/** A device that sends what it logs until that is acknowledged, as docs/protocol.md says. */
class Device {
  readonly known = new Map<string, Known>();
  readonly faults: string[] = [];
  acknowledged = 0;
  refused = 0;
  readonly #waiting = new Set<string>();
  readonly #address: string;
  readonly #token: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #running: Promise<void> | undefined;
  #isResting = true;

  constructor(address: string, token: string) {
    this.#address = address;
    this.#token = token;
  }

  /** Logs and sends, until it is told to rest. */
  go(): void {
    this.#isResting = false;
    this.#running ??= this.#run();
  }

  async rest(): Promise<void> {
    this.#isResting = true;
    await this.#running;
    this.#running = undefined;
  }

  async sendAll(): Promise<void> {
    for (let tries = 0; this.#waiting.size > 0; tries++) {
      if (tries > 1000) return void this.faults.push(`${this.#waiting.size} visits are never taken`);
      if (!(await this.#send())) await aMoment(20);
    }
  }

  async #run(): Promise<void> {
    while (!this.#isResting) {
      if (this.#waiting.size < 50) this.#log();
      if (!(await this.#send())) await aMoment(5 + roll(20));
    }
  }

  /** Somebody logs visits, says more of earlier ones, undoes one. */
  #log(): void {
    for (let count = 1 + roll(4); count > 0; count--) {
      const visit = aVisit(uuidv7(), 1);
      this.known.set(visit.id, { versions: [visit], acknowledged: 0, isUndone: false });
      this.#waiting.add(visit.id);
    }
    const settled = [...this.known]
      .slice(-60)
      .filter(([id, { isUndone }]) => !this.#waiting.has(id) && !isUndone);
    const chosen = settled.length > 0 ? any(settled) : undefined;
    if (!chosen) return;
    const [id, known] = chosen;
    if (roll(8) === 0) known.isUndone = "sent";
    else if (roll(3) === 0) known.versions.push(aVisit(id, known.versions.length + 1));
    else return;
    this.#waiting.add(id);
  }

  /** Sends some of what waits. Gives whether it was taken. */
  async #send(): Promise<boolean> {
    const ids = [...this.#waiting].slice(0, 1 + roll(8));
    const [first] = ids;
    if (first && this.known.get(first)?.isUndone) return this.#undo(first);
    const sent = ids.filter((id) => !this.known.get(id)?.isUndone);
    const visits = sent.map((id) => {
      const { versions, acknowledged } = this.known.get(id) as Known;
      return { ...versions.at(-1), base: acknowledged };
    });
    const answer = await this.#ask("POST", "/api/visits", { sentAt: new Date().toISOString(), visits });
    if (!answer) return false;
    if (answer.status !== 200) return this.#isRefused(answer);
    const { results } = JSON.parse(answer.text) as { results: { id: string; status: string }[] };
    for (const [index, id] of sent.entries()) {
      const result = results[index];
      const known = this.known.get(id) as Known;
      if (result?.id !== id || !["recorded", "replayed", "updated"].includes(result.status))
        this.faults.push(`${id} was answered with ${JSON.stringify(result)}`);
      known.acknowledged = known.versions.length;
      this.#waiting.delete(id);
      this.acknowledged += 1;
    }
    return true;
  }

  async #undo(id: string): Promise<boolean> {
    const answer = await this.#ask("DELETE", `/api/visits/${id}`);
    if (!answer) return false;
    if (answer.status !== 204) return this.#isRefused(answer);
    (this.known.get(id) as Known).isUndone = "acknowledged";
    this.#waiting.delete(id);
    this.acknowledged += 1;
    return true;
  }

  /** Trouble of the laptop's disk is told as that; any other answer is a fault. */
  #isRefused({ status, text }: Answer): false {
    this.refused += 1;
    if (status !== 503 || !/"trouble":"(full|busy)"/.test(text))
      this.faults.push(`answered with ${status}: ${text}`);
    return false;
  }

  #ask(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    return ask(this.#address + path, {
      method,
      body,
      agent: this.#agent,
      headers: { Authorization: `Bearer ${this.#token}` },
    });
  }
}

function aVisit(id: string, revision: number): SentVisit {
  const mark = `${id.slice(-6)} in ${revision}`;
  return {
    id,
    revision,
    category: any(["existing", "curious", "new"] as const),
    happenedAt: new Date().toISOString(),
    // What the devices are paired for.
    booth: "hall",
    ...(roll(2) && { people: 2 + roll(3) }),
    ...(roll(2) && { platform: any(["vmware", "proxmox"]) }),
    ...(roll(2) && { project: any(["lantern", "wick"]) }),
    ...(roll(2) && { interest: 1 + roll(3) }),
    ...(roll(2) && { topics: [any(["storage", "networking", "upgrade"])] }),
    ...(roll(3) === 0 && { remarks: ["easier-install"] }),
    ...(roll(2) && { giveaways: ["sticker"] }),
    ...(roll(2) && { note: `Heard ${mark}. ${"More. ".repeat(roll(60))}`.trim() }),
    ...(roll(3) === 0 && {
      contact: { name: `Visitor ${mark}`, email: `${id}@visitor.example`, consent: ["follow-up" as const] },
    }),
    ...(roll(2) && {
      questions: Array.from({ length: 1 + roll(3) }, (_, index) => ({
        // The same in each revision: it is the same question.
        id: `${id.slice(0, -2)}${(index + 16).toString(16)}`,
        text: `How does ${mark} scale ${index + 1} times?`,
      })),
    }),
  } as SentVisit;
}

/** What counts of a visit, in a form that can be compared. */
function plain(visit: SentVisit): string {
  const { questions, contact, ...rest } = visit;
  const asked = questions?.map(({ id, text, topic }) => ({ id, text, topic }));
  // When consent was given is added by the laptop.
  const { consentShown, ...left } = contact ?? {};
  return JSON.stringify({ ...rest, contact: contact && left, questions: asked }, (_key, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

interface Answer {
  status: number;
  text: string;
  headers: NodeJS.Dict<string | string[]>;
}

/** Asks; undefined where no whole answer came. */
function ask(
  address: string,
  {
    method = "GET",
    body,
    headers = {},
    agent,
  }: { method?: string; body?: unknown; headers?: object; agent?: Agent },
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const asked = request(address, {
      method,
      agent,
      headers: {
        Accept: "application/json",
        ...(sent && { "Content-Type": "application/json" }),
        ...headers,
      },
    });
    asked.on("error", () => resolve(undefined));
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("error", () => resolve(undefined));
      answer.on("end", () =>
        resolve(
          answer.complete ? { status: answer.statusCode ?? 0, text, headers: answer.headers } : undefined,
        ),
      );
    });
    asked.end(sent);
  });
}

async function signIn(address: string): Promise<string> {
  const answer = await ask(`${address}/session`, { method: "POST", body: { passphrase: PASSPHRASE } });
  const cookies = answer?.headers["set-cookie"] ?? [];
  return [cookies]
    .flat()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

async function pair(address: string, cookie: string, name: string): Promise<string> {
  const page = await ask(`${address}/pair`, { headers: { Cookie: cookie, Accept: "text/html" } });
  const code = /\/pair\/([\w-]+)/.exec(page?.text ?? "")?.[1];
  const answer = await ask(`${address}/pair/${code}`, { method: "POST", body: { name } });
  if (answer?.status !== 201) throw new Error(`Pairing was answered with ${answer?.status}: ${answer?.text}`);
  return JSON.parse(answer.text).token;
}

/** Runs a script of its own beside the program, on the database file; gives what ends it. */
async function besides(script: string, file: string): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "boothlight-crash-"));
  const child = spawn(process.execPath, ["-e", script, require.resolve("better-sqlite3"), file, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve) => {
    child.stdout.once("data", () => resolve());
    void ended.then(resolve);
  });
  return async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  };
}

/** Holds the lock for writing, a while shorter and a while longer. */
const HOLD = `
  const [, driver, file] = process.argv;
  const db = new (require(driver))(file, { timeout: 10000 });
  const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  console.log("holds");
  for (;;) {
    db.exec("BEGIN IMMEDIATE");
    wait(Math.random() < 0.1 ? 6000 : 5 + Math.random() * 200);
    db.exec("ROLLBACK");
    wait(5);
  }`;

/** Copies the database again and again, with SQLite's online backup. */
const BACK_UP = `
  const [, driver, file, folder] = process.argv;
  const copy = folder + "/copy.db";
  (async () => {
    const db = new (require(driver))(file, { readonly: true, timeout: 10000 });
    console.log("copies");
    for (;;) await db.backup(copy, { progress: () => 20 });
  })();`;
