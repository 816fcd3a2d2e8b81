import { sql } from "kysely";
import type { Database, Reader } from "../../database/open";
import { type Sizes, sizesOf } from "../../database/size";
import type { Instant } from "../../database/tables";
import { type TroubleKind, troubleIn } from "../../database/trouble";
import type { Deps } from "../../deps";
import type { Scraped } from "../../metrics";
import { VERSION } from "../../run";
import { type Finding, worstOf } from "../check/rules";
import { findingsOf } from "../check/store";

/** A tablet that was heard of within so many milliseconds is near. */
const SEEN_WITHIN = 5 * 60_000;

/** Tablets of all events. */
export interface Tablets {
  paired: number;
  /** Of those, how many were heard of lately. */
  seen: number;
  /** Records that wait on them, as they said last. */
  waiting: number;
}

export async function tabletsOf(read: Reader, now: Instant): Promise<Tablets> {
  const row = await read
    .selectFrom("devices")
    .select(({ fn }) => [
      fn.countAll<number>().as("paired"),
      fn.sum<number>(sql`CASE WHEN last_seen_at > ${now - SEEN_WITHIN} THEN 1 ELSE 0 END`).as("seen"),
      fn.sum<number>(sql`CASE WHEN rescued = 1 THEN 0 ELSE coalesce(waiting, 0) END`).as("waiting"),
    ])
    .where("unpaired_at", "is", null)
    .executeTakeFirstOrThrow();
  return { paired: Number(row.paired), seen: Number(row.seen ?? 0), waiting: Number(row.waiting ?? 0) };
}

/** How it stands with the laptop. */
export interface Laptop {
  findings: Finding[];
  sizes: Sizes;
  tablets: Tablets;
  version: string;
  /** Bytes of the laptop's memory that the program takes. */
  memory: number;
}

export async function laptopOf(deps: Deps): Promise<Laptop> {
  const { db, config, now } = deps;
  return {
    findings: await findingsOf(deps),
    sizes: await sizesOf(db, config.dataDir),
    tablets: await tabletsOf(db.read, now()),
    version: VERSION,
    memory: process.memoryUsage().rss,
  };
}

/** What is looked up when somebody reads the metrics. All that is counted is counted aside, so that nobody waits for it. */
export async function scraped(deps: Deps): Promise<Scraped> {
  const { db, jobs, config, now } = deps;
  const findings = await findingsOf(deps);
  const verdicts = ["good", "look", "bad"] as const;
  const kinds = [...new Set(findings.map(({ of }) => of))];
  const worst = (of: string) => verdicts.indexOf(worstOf(findings.filter((each) => each.of === of)));
  return {
    version: VERSION,
    engine: db.engine,
    writes: db.counts,
    jobs: jobs.standing(),
    messages: await countByState(db.aside, "messages"),
    questions: await countByState(db.aside, "questions"),
    ...(await sizesOf(db, config.dataDir)),
    devices: await tabletsOf(db.aside, now()),
    findings: Object.fromEntries(kinds.map((of) => [of, worst(of)])),
  };
}

async function countByState(read: Reader, table: "messages" | "questions"): Promise<Record<string, number>> {
  const rows = await read
    .selectFrom(table)
    .select(["state", ({ fn }) => fn.countAll<number>().as("count")])
    // Put together with another one, or in the bin: nobody follows those up.
    .$if(table === "questions", (query) =>
      query.where(sql<boolean>`hidden = 0`).where(sql<boolean>`merged_into IS NULL`),
    )
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

/** Whether visits can be recorded, for monitors: what keeps them from it; undefined where nothing does. */
export async function healthOf({ read, trouble }: Database): Promise<TroubleKind | undefined> {
  try {
    await read.selectFrom("settings").select("name").limit(1).execute();
  } catch (error) {
    return troubleIn(error) ?? "failing";
  }
  return trouble()?.kind;
}
