import request from "supertest";
import { uuidv7 } from "uuidv7";
import { openSession, unpairDevice } from "../../src/access/store";
import { healthOf, scraped, tabletsOf } from "../../src/backups/laptop/store";
import { SESSION_COOKIE } from "../../src/http/cookies";
import type { Job } from "../../src/jobs";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";
import { openEvents } from "../support/events";

const HOUR = 3_600_000;

let booth: Booth;
afterEach(async () => {
  await booth.deps.jobs.stop();
  await booth.close();
});

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 5));
const text = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

function start(job: Partial<Job> & Pick<Job, "name" | "work">): void {
  booth.deps.jobs.start({ owner: "backups", what: `Does ${job.name}`, every: 600, limit: 60, ...job });
}

describe("the laptop's page", () => {
  beforeEach(async () => {
    booth = await openBooth();
  });

  test("says what each job does, whose it is, how its last run went and when the next one comes", async () => {
    start({
      name: "copies & more",
      work: async () => {
        throw Object.assign(new Error("zoe@visitor.example"), { code: "ENOSPC" });
      },
    });
    start({ name: "quick", every: 3, work: async () => {} });
    await aMoment();
    const organizer = await booth.organizer();
    const page = await organizer.get("/laptop").expect(200);
    const words = text(page.text);
    expect(words).toMatch(/more to look at\./);
    expect(words).toMatch(
      /Does copies &amp; more copies &amp; more \(backups\): every 10 min, 1 min at the most .*Failed\. The disk was full\. Just now, took \d+ ms Next: In 10 min Do it now/,
    );
    expect(words).toMatch(/\d checks found nothing wrong What comes in is saved\./);
    expect(page.text).not.toContain("zoe");
    expect(page.text).toContain('action="/laptop/jobs/copies%20%26%20more/runs"');
    // What comes by itself in a moment has no button.
    expect(page.text).not.toContain("/laptop/jobs/quick/runs");
  });

  test("has a job done at once, and says that it is", async () => {
    let runs = 0;
    start({
      name: "copies & more",
      work: async () => {
        runs += 1;
      },
    });
    await aMoment();
    const organizer = await booth.organizer();
    const answer = await organizer.post("/laptop/jobs/copies%20%26%20more/runs").expect(303);
    await aMoment();
    expect(runs).toBe(2);
    const { text: html } = await organizer.get(answer.get("Location") as string).expect(200);
    expect(text(html)).toContain("It is done now: “Does copies &amp; more”.");
    await organizer.post("/laptop/jobs/other/runs").expect(404);
  });

  test("says plainly what is wrong with the laptop, first and not in the header once more", async () => {
    // A booth of a test has no folder of its own.
    const { text: html } = await (await booth.organizer()).get("/laptop").expect(200);
    const words = text(html);
    expect(words).toMatch(
      /3 things to see to now\. .*What was checked .*This could not be checked \(disk\): ENOENT\./,
    );
    expect(words.match(/could not be checked \(disk\)/g)).toHaveLength(1);
    expect(html).toContain('<section class="card overall" data-verdict="bad"');
  });

  test("counts the tablets of all events, and what waits on them", async () => {
    const [near, far, gone] = [await booth.tablet(), await booth.tablet(), await booth.tablet()];
    const change = (id: string, values: { last_seen_at?: number; waiting?: number; rescued?: 0 | 1 }) =>
      booth.db.write((writer) => writer.updateTable("devices").set(values).where("id", "=", id).execute());
    await change(near.id, { waiting: 3 });
    await change(far.id, { last_seen_at: NOON - HOUR, waiting: 4, rescued: 1 });
    await change(gone.id, { waiting: 5 });
    await booth.db.write((writer) => unpairDevice(writer, gone.id, NOON, { anyway: true }));
    expect(await tabletsOf(booth.db.read, NOON)).toEqual({ paired: 2, seen: 1, waiting: 3 });
    const { text: html } = await (await booth.organizer()).get("/laptop").expect(200);
    expect(text(html)).toContain(
      "1 of 2 heard of in the last five minutes. 3 records wait on them , as they said last.",
    );
  });

  test("tells those who look at it what changes, as one job for all of them, for as long as somebody looks", async () => {
    let isBroken = true;
    start({
      name: "copies",
      work: async () => {
        if (isBroken) throw Object.assign(new Error(), { code: "ENOSPC" });
      },
    });
    const session = await booth.db.write((writer) => openSession(writer, NOON));
    const Cookie = `${SESSION_COOKIE}=${session}`;
    const events = await openEvents(`${booth.address}/laptop/live`, { Cookie });
    const first = await events.next();
    expect(text(first.html as string)).toContain("The disk was full.");
    expect(first.said).toMatch(/more to look at\.$/);
    isBroken = false;
    booth.deps.jobs.soon("copies");
    let html = first.html as string;
    while (html.includes("The disk was full.")) html = (await events.next()).html as string;
    expect(booth.deps.jobs.standing().map(({ name }) => name)).toEqual(["copies", "laptop’s page"]);
    events.close();
    while (booth.deps.jobs.standing().length > 1) await aMoment();
    await booth.nobody().get("/laptop/live").expect(401);
  });
});

describe("/healthz", () => {
  beforeEach(async () => {
    booth = await openBooth();
  });

  test("is well while visits can be recorded", async () => {
    const { body } = await booth.nobody().get("/healthz").expect(200);
    expect(body).toEqual({ status: "ok" });
  });

  test("says so from the write that the disk did not take until one that it takes, and nothing of what was written", async () => {
    const failing = booth.db.write(async () => {
      throw Object.assign(new Error("zoe@visitor.example"), { code: "SQLITE_FULL" });
    });
    await expect(failing).rejects.toThrow();
    // A write that changes nothing needs no room.
    await booth.db.write(async () => {});
    const { body } = await booth.nobody().get("/healthz").expect(503);
    expect(body).toEqual({ status: "failing", reason: "its disk is full" });
    await (await booth.tablet()).send(aVisit());
    await booth.nobody().get("/healthz").expect(200);
  });

  test("is no worse for a write that somebody got wrong", async () => {
    const wrong = booth.db.write((writer) =>
      writer
        .insertInto("settings")
        .values({ name: "x", value: null as never })
        .execute(),
    );
    await expect(wrong).rejects.toThrow("NOT NULL");
    await booth.nobody().get("/healthz").expect(200);
  });

  test("says so when the database cannot be read", async () => {
    const read = {
      selectFrom: () => {
        throw Object.assign(new Error(), { code: "SQLITE_IOERR" });
      },
    };
    expect(await healthOf({ ...booth.db, read: read as never })).toBe("failing");
  });
});

/** The text format of Prometheus, read strictly: https://prometheus.io/docs/instrumenting/exposition_formats */
function metricsIn(
  exposition: string,
): Map<string, { type: string; help: string; samples: Map<string, number> }> {
  const metrics = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
  const SAMPLE = new RegExp(
    `^([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{${LABEL}(?:,${LABEL})*\\})? (N[aA]N|Nan|[+-]Inf|-?[0-9.]+(?:e[+-]?[0-9]+)?)$`,
  );
  expect(exposition.endsWith("\n")).toBe(true);
  for (const line of exposition.split("\n").filter((each) => each !== "")) {
    const [, help] = /^# HELP (\S+) .+$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (help) {
      expect(metrics.has(help)).toBe(false);
      metrics.set(help, { type: "", help: line, samples: new Map() });
    } else if (typed) {
      (metrics.get(typed) as { type: string }).type = type as string;
    } else {
      const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
      if (!name) throw new Error(`This is no sample: ${line}`);
      const metric = metrics.get(name) ?? metrics.get(name.replace(/_(bucket|sum|count)$/, ""));
      if (!metric) throw new Error(`${name} has no HELP`);
      expect(metric.samples.has(name + labels)).toBe(false);
      metric.samples.set(name + labels, Number((value as string).replace("Inf", "Infinity")));
    }
  }
  return metrics;
}

describe("/metrics", () => {
  const TOKEN = "a token of sixteen and more".replaceAll(" ", "-");
  beforeEach(async () => {
    booth = await openBooth({ config: { metricsToken: TOKEN } });
  });

  /** From the laptop itself, as Prometheus would. */
  const read = async () => (await booth.nobody().get("/metrics").expect(200)).text;

  test("parse, count what happened, and say nothing of anybody", async () => {
    const MARK = "zqxprivate";
    const tablet = await booth.tablet(MARK);
    const visit = aVisit({
      note: MARK,
      contact: { name: MARK, email: `${MARK}@visitor.example`, consent: ["follow-up"] },
      questions: [{ id: uuidv7(), text: `${MARK} asks` }],
    });
    await tablet.send(visit);
    await tablet.send(visit, aVisit({ category: MARK as never }));
    await booth.nobody().get(`/s/${MARK}?email=${MARK}`).set("Host", `${MARK}.example`);
    await booth.nobody().get(`/${MARK}/${MARK}`);
    start({
      name: "copies",
      work: async () => {
        throw new Error(MARK);
      },
    });
    await aMoment();
    const session = await booth.db.write((writer) => openSession(writer, NOON));
    const events = await openEvents(`${booth.address}/events/winter-camp/live`, {
      Cookie: `${SESSION_COOKIE}=${session}`,
    });
    await events.next();

    const exposition = await read();
    const metrics = metricsIn(exposition);
    const value = (sample: string) => metrics.get(sample.replace(/\{.*/, ""))?.samples.get(sample);
    expect(value('boothlight_visits_total{status="recorded"}')).toBe(1);
    expect(value('boothlight_visits_total{status="replayed"}')).toBe(1);
    expect(value('boothlight_visits_total{status="invalid"}')).toBe(1);
    expect(value('boothlight_questions{state="open"}')).toBe(1);
    expect(value('boothlight_job_runs_total{job="copies"}')).toBe(1);
    expect(value('boothlight_job_failures_total{job="copies"}')).toBe(1);
    expect(value('boothlight_job_failing{job="copies"}')).toBe(1);
    expect(value('boothlight_finding{of="saving"}')).toBe(0);
    expect(value("boothlight_devices_paired")).toBe(1);
    expect(value("boothlight_streams_open")).toBe(1);
    expect(value("boothlight_database_bytes")).toBeGreaterThan(100_000);
    expect(value("boothlight_commits_total")).toBeGreaterThan(2);
    const requests = metrics.get("boothlight_http_request_duration_seconds")?.samples as Map<string, number>;
    const taken = 'method="POST",route="/api/visits",status="2xx"';
    expect(requests.get(`boothlight_http_request_duration_seconds_count{${taken}}`)).toBe(2);
    const buckets = [...requests].filter(([name]) => name.includes("_bucket") && name.includes(taken));
    expect(buckets.map(([, count]) => count)).toEqual(
      buckets.map(([, count]) => count).sort((a, b) => a - b),
    );
    expect(buckets.at(-1)?.[0]).toContain('le="+Inf"');
    const routes = new Set([...requests.keys()].map((name) => /route="([^"]*)"/.exec(name)?.[1]));
    expect([...routes].sort()).toEqual(["/api/visits", "/s/:code", "none"]);
    expect(metrics.get("nodejs_eventloop_lag_seconds")?.type).toBe("gauge");
    expect(metrics.get("nodejs_gc_duration_seconds")?.type).toBe("histogram");
    for (const secret of [MARK, tablet.token, session, visit.id, tablet.id, "winter-camp"]) {
      expect(exposition).not.toContain(secret);
    }
    events.close();
    while (!(await read()).includes("\nboothlight_streams_open 0\n")) await aMoment();
  });

  test("read twice say the same counts, and each booth has its own", async () => {
    await (await booth.tablet()).send(aVisit());
    await read();
    const visits = metricsIn(await read()).get("boothlight_visits_total")?.samples;
    expect(visits).toEqual(new Map([['boothlight_visits_total{status="recorded"}', 1]]));
    const other = await openBooth();
    const { text: others } = await request(other.server).get("/metrics").expect(200);
    expect(metricsIn(others).get("boothlight_visits_total")?.samples.size).toBe(0);
    await other.close();
  });

  const ask = (headers: Record<string, string> = {}) => booth.nobody().get("/metrics").set(headers);
  test.each<[string, Record<string, string>, number]>([
    ["a program on the laptop", { Host: "localhost:8080" }, 200],
    ["one that asks by number", { Host: "127.0.0.1:8080" }, 200],
    ["a proxy on the laptop that passes on for anybody", { "X-Forwarded-For": "192.0.2.7" }, 404],
    ["a proxy that says so another way", { Via: "1.1 booth.example.org" }, 404],
    ["a page whose own name points to the laptop", { Host: "127.attacker.example" }, 404],
    ["whoever has the token", { Host: "booth.example.org", Authorization: `Bearer ${TOKEN}` }, 200],
    ["a wrong token", { Host: "booth.example.org", Authorization: `Bearer ${TOKEN}x` }, 404],
    ["a visitor on the Wi-Fi", { Host: "booth.example.org" }, 404],
  ])("for %s", async (_who, headers, status) => {
    await ask(headers).expect(status);
  });

  test("for the organizer from anywhere, and not for tablets", async () => {
    const away = { Host: "booth.example.org" };
    await (await booth.organizer()).get("/metrics").set(away).expect(200);
    const { token } = await booth.tablet();
    await ask({ ...away, Authorization: `Bearer ${token}` }).expect(404);
  });
});

test.each(ENGINES)("on %s what is looked up for the metrics is the same", async (engine) => {
  booth = await openBooth({ engine });
  const id = uuidv7();
  await (await booth.tablet()).send(aVisit({ questions: [{ id, text: "When?" }, { text: "Where?" }] }));
  await booth.db.write((writer) =>
    writer.updateTable("questions").set({ hidden: 1 }).where("id", "=", id).execute(),
  );
  const { writes, database, ...rest } = await scraped(booth.deps);
  expect(rest).toMatchObject({
    engine,
    questions: { open: 1 },
    messages: {},
    devices: { paired: 1, seen: 1, waiting: 0 },
    findings: { saving: 0 },
  });
  expect(database).toBeGreaterThan(100_000);
  expect(writes.commits).toBeGreaterThan(0);
  expect(writes.writes).toBeGreaterThanOrEqual(writes.commits);
});
