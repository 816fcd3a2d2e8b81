import { readFileSync } from "node:fs";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { keywordsOf } from "../../catalog/store";
import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { awayInWords, NO_LOAD, todayOf } from "../../experts/rules";
import { expertLoads, listExperts } from "../../experts/store";
import {
  alikeTo,
  type Candidate,
  forget,
  isKnown,
  type Learnt,
  learn,
  type Model,
  type Subject,
  type Suggestion,
  suggest,
  type Topic,
  training,
} from "./rules";

const SUBJECTS = path.resolve(__dirname, "../../../db/subjects.json");
/** How many are learnt one by one before all is gone over anew. */
const RENEW_AFTER = 500;
const PAGE = 2000;

/** Reads what visitors of many projects ask about, and in which words. */
export function loadSubjects(): Subject[] {
  return JSON.parse(readFileSync(SUBJECTS, "utf8")) as Subject[];
}

/** What proposes experts, and learns from every question that finds one. */
export interface Suggester {
  /**
   * The experts who could take each of these questions, the likeliest first. Unknown ids are left out.
   */
  suggestFor(read: Reader, questionIds: string[], now: Instant): Promise<Map<string, Suggestion[]>>;
  /** Answered questions like a text that somebody is typing, the closest first: their ids. */
  answeredLike(read: Reader, text: string, limit?: number): Promise<{ id: string; closeness: number }[]>;
  /** Forgets questions that were erased, their words too. */
  forgetAll(): void;
}

/**
 * Keeps what is learnt in memory, a process each. It looks into the database for what has changed before it
 * answers, so that nobody has to tell it, and what another process routed is learnt as well. The first question
 * waits until all that is in the database is learnt; others go on meanwhile.
 */
export function suggester(load: () => Subject[] = loadSubjects): Suggester {
  let subjects: Subject[] | undefined;
  let model: Model | undefined;
  let topicsThen = "";
  let since: Instant = 0;
  let learntSince = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other, so that two who ask at once do not learn everything twice. */
  function current(read: Reader): Promise<Model> {
    const next = turn.then(() => upToDate(read));
    turn = next.catch(() => {});
    return next;
  }

  async function upToDate(read: Reader): Promise<Model> {
    const topics = await topicsOfAll(read);
    const topicsNow = JSON.stringify(topics);
    if (!model || topicsNow !== topicsThen || learntSince >= RENEW_AFTER) {
      subjects ??= load();
      const rows = await changedSince(read, 0);
      model = await trained(
        rows.flatMap((row) => learntFrom(row) ?? []),
        topics,
        subjects,
      );
      topicsThen = topicsNow;
      learntSince = 0;
      since = latest(rows, 0);
      return model;
    }
    const rows = await changedSince(read, since);
    for (const row of rows) {
      const learnt = learntFrom(row);
      if (!learnt) forget(model, row.id);
      else if (!isKnown(model, learnt)) {
        learn(model, learnt);
        learntSince++;
      }
    }
    since = latest(rows, since);
    return model;
  }

  return {
    async suggestFor(read, questionIds, now) {
      if (questionIds.length === 0) return new Map();
      const model = await current(read);
      const [questions, experts] = await Promise.all([askedOf(read, questionIds), candidates(read, now)]);
      return new Map(questions.map((question) => [question.id, suggest(model, question.asked, experts)]));
    },

    async answeredLike(read, text, limit = 5) {
      const close = alikeTo(await current(read), text, 10);
      if (close.length === 0) return [];
      const answered = await read
        .selectFrom("questions")
        .select("id")
        .where(
          "id",
          "in",
          close.map(({ id }) => id),
        )
        .where("answer", "is not", null)
        .where("hidden", "=", 0)
        .execute();
      const ids = new Set(answered.map(({ id }) => id));
      return close.filter(({ id }) => ids.has(id)).slice(0, limit);
    },

    forgetAll() {
      model = undefined;
    },
  };
}

/** Milliseconds that learning takes of others' time at once. */
const TURN = 8;

/** Learns piece by piece. Where others ask without pause, one piece a turn would never come to its end. */
async function trained(learnt: Learnt[], topics: Topic[], subjects: Subject[]): Promise<Model> {
  const pieces = training(learnt, topics, subjects);
  for (let began = performance.now(); ; ) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
    if (performance.now() - began < TURN) continue;
    await nextTurn();
    began = performance.now();
  }
}

type Row = Awaited<ReturnType<typeof changedSince>>[number];

/** What a question teaches; undefined where it is with nobody. */
function learntFrom(row: Row): Learnt | undefined {
  if (row.expert_id === null || row.hidden === 1) return undefined;
  return {
    id: row.id,
    text: row.text,
    topic: row.topic ?? undefined,
    expertId: row.expert_id,
    weight: row.state === "answered" || row.answer !== null ? 1 : 0.7,
  };
}

function latest(rows: Row[], since: Instant): Instant {
  return rows.reduce((last, row) => Math.max(last, Number(row.changed_at)), since);
}

/** Questions that changed at this instant or later, in pages, so that no read takes long. */
async function changedSince(read: Reader, since: Instant) {
  const page = (after: string) =>
    read
      .selectFrom("questions")
      .leftJoin("topics", "topics.id", "questions.topic_id")
      .select([
        "questions.id",
        "questions.text",
        "questions.state",
        "questions.expert_id",
        "questions.answer",
        "questions.hidden",
        "questions.changed_at",
        "topics.slug as topic",
      ])
      // Each event's own part of the index that has them in this order.
      .where("questions.event_id", "in", (select) => select.selectFrom("events").select("events.id"))
      .where("questions.changed_at", ">=", since)
      .where("questions.id", ">", after)
      .orderBy("questions.id")
      .limit(PAGE)
      .execute();
  const rows = await page("");
  for (let last = rows; last.length === PAGE; ) {
    last = await page((last.at(-1) as { id: string }).id);
    rows.push(...last);
  }
  return rows;
}

/** The topics of all events, once a slug: with the name that the latest gives it, and the keywords of all. */
async function topicsOfAll(read: Reader): Promise<Topic[]> {
  const rows = await read
    .selectFrom("topics")
    .innerJoin("events", "events.id", "topics.event_id")
    .select(["topics.slug", "topics.name", "topics.keywords"])
    .orderBy("events.starts_on")
    .orderBy("events.slug")
    .orderBy("topics.position")
    .orderBy("topics.slug")
    .execute();
  const topics = new Map<string, Topic>();
  for (const row of rows) {
    const known = topics.get(row.slug)?.keywords ?? [];
    const keywords = [...new Set([...known, ...keywordsOf(row)])];
    topics.set(row.slug, { slug: row.slug, name: row.name, keywords });
  }
  return [...topics.values()];
}

async function askedOf(read: Reader, ids: string[]) {
  const rows = await read
    .selectFrom("questions")
    .innerJoin("visits", "visits.id", "questions.visit_id")
    .leftJoin("topics", "topics.id", "questions.topic_id")
    .leftJoin("projects", "projects.id", "visits.project_id")
    .select([
      "questions.id",
      "questions.text",
      "topics.slug as topic",
      "projects.slug as project",
      "projects.name as project_name",
    ])
    .where("questions.id", "in", ids)
    .execute();
  return rows.map(({ id, text, topic, project, project_name }) => ({
    id,
    asked: {
      text,
      topic: topic ?? undefined,
      project: project && project_name ? { slug: project, name: project_name } : undefined,
    },
  }));
}

async function candidates(read: Reader, now: Instant): Promise<Candidate[]> {
  const [experts, loads] = await Promise.all([listExperts(read), expertLoads(read, now)]);
  return experts.map((expert) => {
    const { held, week } = loads.get(expert.id) ?? NO_LOAD;
    const away = awayInWords(expert, todayOf(expert, now));
    return {
      id: expert.id,
      name: expert.name,
      topics: expert.topics,
      projects: expert.projects,
      languages: expert.languages,
      weekly: expert.weekly,
      held: Math.max(held, week),
      away: away?.isNow ? away.text : undefined,
      hidden: expert.hidden === 1,
    };
  });
}
