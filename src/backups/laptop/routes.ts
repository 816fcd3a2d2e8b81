import { timingSafeEqual } from "node:crypto";
import type { Request, Response } from "express";
import { hashOfSecret } from "../../access/rules";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { SESSION_COOKIE, secretsOf } from "../../http/cookies";
import { isFromLaptop } from "../../http/limits";
import { partOf, show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { anyone, type Caller, organizer, type Route } from "../../http/route";
import { tell } from "../../http/streams";
import { sayInEnglish } from "../../languages/say";
import { sessionPass, Watches } from "../../reports/live/store";
import { sizeInWords } from "../rules";
import { durationInWords, jobRows, overall, runFindings } from "./rules";
import { healthOf, laptopOf, scraped } from "./store";

/** Seconds between two looks while somebody has the page open. */
const LOOK_EVERY = 3;
const MINUTE = 60_000;
/** So many may have it open at a time. */
const MOST_LISTENERS = 20;

export function laptopRoutes(deps: Deps): Route[] {
  const { db, config, now } = deps;
  let looks = 0;
  const watches = new Watches({
    name: "laptop’s page",
    owner: "backups",
    what: "Tells this page how it stands, while somebody looks at it",
    jobs: deps.jobs,
    metrics: deps.metrics,
    every: LOOK_EVERY,
    // What jobs do is written nowhere: each look is a new one.
    stamp: async () => String(looks++),
  });
  deps.stopping?.addEventListener("abort", () => watches.end(), { once: true });

  return [
    organizer.get("/laptop", async (req, res) => {
      show(res, "backups/laptop", {
        title: "The laptop",
        section: "laptop",
        styles: ["reports", "live", "laptop"],
        scripts: ["live"],
        zone: zoneHere(),
        asked: deps.jobs.standing().find(({ name }) => name === oneText(req.query.asked))?.what,
        ...(await picture()),
      });
    }),

    organizer.get("/laptop/live", { byItself: true }, async (req, res) => {
      const pass = await sessionPass(db.read, secretsOf(req, SESSION_COOKIE), now);
      const view = { view: "laptop", make: () => message(res) };
      await tell(req, res, {
        ...view,
        isFull: deps.stopping?.aborted === true || watches.count("laptop") >= MOST_LISTENERS,
        listen: (stream) => watches.listen("laptop", { ...view, ...pass, ...stream }),
      });
    }),

    organizer.post("/laptop/jobs/:name/runs", (req, res) => {
      const name = req.params.name as string;
      if (!deps.jobs.soon(name)) throw new Problem("missing", "This job is not running any more.");
      res.redirect(303, `${addressWith("/laptop", { asked: name })}#jobs`);
    }),

    anyone.get("/healthz", async (_req, res) => {
      const trouble = await healthOf(db);
      if (trouble) res.status(503).json({ status: "failing", reason: sayInEnglish(`trouble.${trouble}`) });
      else res.json({ status: "ok" });
    }),

    anyone.get("/metrics", { byItself: true }, async (req, res, caller) => {
      if (!deps.metrics) throw new Problem("missing", "refused.no-page");
      admitMonitor(req, caller, config.metricsToken);
      res.set("Content-Type", deps.metrics.contentType).send(await deps.metrics.text(await scraped(deps)));
    }),
  ];

  async function message({ app }: Response): Promise<string> {
    const shown = await picture();
    const html = await partOf(app, "backups/laptop-picture", shown);
    return JSON.stringify({ html, said: shown.overall.words, day: shown.version });
  }

  async function picture() {
    const moment = { now: now(), zone: zoneHere() };
    const { findings: found, sizes, tablets, version, memory } = await laptopOf(deps);
    const findings = [...runFindings(deps.run, moment), ...found];
    const jobs = jobRows(deps.jobs.standing(), moment);
    const { run } = deps;
    const of = (verdict: string) => findings.filter((each) => each.verdict === verdict);
    return {
      overall: overall(findings, jobs),
      findings: { wrong: [...of("bad"), ...of("look")], good: of("good") },
      jobs,
      sizes: {
        database: sizes.database === undefined ? "?" : sizeInWords(sizes.database),
        wal: sizes.wal && sizeInWords(sizes.wal),
        room: sizes.room === undefined ? undefined : sizeInWords(sizes.room),
        disk: sizes.disk === undefined ? undefined : sizeInWords(sizes.disk),
      },
      engine: db.engine,
      dataDir: config.dataDir,
      tablets,
      version,
      memory: sizeInWords(memory),
      // Nothing that changes by the second: a page that is never still is looked at by nobody.
      running: run && durationInWords(Math.max(MINUTE, moment.now - run.startedAt)),
      logFile: run?.logFile,
    };
  }
}

/** The page is read on the laptop: in its own time zone. */
function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Metrics are read by the organizer, by a program on the laptop itself, or by whoever has METRICS_TOKEN: see
 * docs/decisions/0041. For everybody else there is nothing here.
 */
function admitMonitor(req: Request, caller: Caller, token: string | undefined): void {
  if (caller.kind === "organizer" || isFromHere(req)) return;
  const bearer = req.get("authorization")?.match(/^Bearer\s+(\S+)$/i)?.[1];
  if (token && bearer && isSame(bearer, token)) return;
  throw new Problem("missing", "refused.no-page");
}

/** The laptop as it calls itself: nobody's name can begin or end so. */
const HERE = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Whether a request comes from the laptop itself, to the laptop itself. A proxy on the laptop comes from there too, and a page
 * of somewhere else can have its own name point here: neither speaks to `localhost` without passing on for somebody.
 */
function isFromHere(req: Request): boolean {
  return isFromLaptop(req) && HERE.test(req.get("host") ?? "");
}

/** By their hashes, so that how long it takes tells nothing. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(hashOfSecret(one)), Buffer.from(hashOfSecret(other)));
}
