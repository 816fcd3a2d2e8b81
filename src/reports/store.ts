import { setImmediate as nextTurn } from "node:timers/promises";
import { listsOf } from "../catalog/store";
import type { Reader } from "../database/open";
import type { Category, Instant } from "../database/tables";
import type { Event } from "../events/store";
import {
  type Figures,
  type FiguresByTime,
  figuresByTime,
  figuresFrom,
  type Report,
  widestDay,
} from "./rules";

/** Visits that are counted: those of the event that are not in the bin. */
const counted = (read: Reader, event: Event) =>
  read.selectFrom("visits").where("visits.event_id", "=", event.id).where("visits.deleted_at", "is", null);

const visits = (query: ReturnType<typeof counted>) =>
  query.select(({ fn }) => fn.countAll<number>().as("visits"));

const byTime = (query: ReturnType<typeof counted>) =>
  visits(query)
    .select(["category", "local_day as day", "local_hour as hour"])
    .select(({ fn }) => fn.sum<number>("people").as("people"))
    .groupBy(["category", "local_day", "local_hour"]);

/** What is counted by day and hour, of one day of the event: YYYY-MM-DD in its zone. */
export async function figuresOfDay(read: Reader, event: Event, day: string): Promise<FiguresByTime> {
  // The span of instants lets the index on time find the day; the day itself decides.
  const { from, until } = widestDay(day);
  const ofDay = counted(read, event)
    .where("visits.happened_at", ">=", from)
    .where("visits.happened_at", "<", until)
    .where("visits.local_day", "=", day);
  return figuresByTime(await byTime(ofDay).execute());
}

/**
 * Everything that is counted of an event: visits in the bin and their questions are not.
 * Each query is one pass over the event's visits; between two of them other requests have their turn.
 */
export async function figuresOf(read: Reader, event: Event): Promise<Figures> {
  const all = counted(read, event);
  const byLight = visits(all)
    .select(["category", "interest", "overview_given"])
    .groupBy(["category", "interest", "overview_given"]);
  const byBooth = visits(all)
    .innerJoin("booths", "booths.id", "visits.booth_id")
    .select(["booths.slug", "visits.category"])
    .groupBy(["booths.slug", "visits.category"]);
  const byProject = visits(all)
    .innerJoin("projects", "projects.id", "visits.project_id")
    .select(["projects.slug", "visits.category"])
    .groupBy(["projects.slug", "visits.category"]);
  const byPlatform = visits(all)
    .innerJoin("platforms", "platforms.id", "visits.platform_id")
    .select(["platforms.slug", "visits.category"])
    .groupBy(["platforms.slug", "visits.category"]);
  const byRemark = visits(all)
    .innerJoin("visit_remarks", "visit_remarks.visit_id", "visits.id")
    .innerJoin("remarks", "remarks.id", "visit_remarks.remark_id")
    .select("remarks.slug")
    .groupBy("remarks.slug");
  const byGiveaway = visits(all)
    .innerJoin("visit_giveaways", "visit_giveaways.visit_id", "visits.id")
    .innerJoin("giveaways", "giveaways.id", "visit_giveaways.giveaway_id")
    .select("giveaways.slug")
    .groupBy("giveaways.slug");
  const questions = all
    .innerJoin("questions", "questions.visit_id", "visits.id")
    .leftJoin("topics", "topics.id", "questions.topic_id")
    .select(["topics.slug", "questions.state"])
    .select(({ fn }) => fn.countAll<number>().as("questions"))
    .groupBy(["topics.slug", "questions.state"]);
  const byTimes = read
    .selectFrom(
      all
        .innerJoin("questions", "questions.visit_id", "visits.id")
        .select(({ fn }) => [
          fn.coalesce("questions.merged_into", "questions.id").as("head"),
          fn.countAll<number>().as("times"),
        ])
        .groupBy("head")
        .as("asked"),
    )
    .select("times")
    .select(({ fn }) => fn.countAll<number>().as("questions"))
    .groupBy("times");
  const contacts = visits(all).innerJoin("contacts", "contacts.visit_id", "visits.id");

  return figuresFrom(event, {
    byTime: await inTurn(byTime(all)),
    byLight: await inTurn(byLight),
    byBooth: await inTurn(byBooth),
    byProject: await inTurn(byProject),
    byPlatform: await inTurn(byPlatform),
    byRemark: await inTurn(byRemark),
    byGiveaway: await inTurn(byGiveaway),
    questions: await inTurn(questions),
    byTimes: await inTurn(byTimes),
    withContact: (await inTurn(contacts))[0]?.visits ?? 0,
  });
}

/** Runs a query after whatever else is waiting: SQLite holds up the program for as long as it takes. */
async function inTurn<Row>(query: { execute(): Promise<Row[]> }): Promise<Row[]> {
  await nextTurn();
  return query.execute();
}

/** What the report and the write-up tell of an event. */
export async function reportOf(read: Reader, event: Event): Promise<Report> {
  const journal = read
    .selectFrom("journal")
    .select(["at", "text"])
    .where("event_id", "=", event.id)
    .orderBy("at")
    .orderBy("id");
  const covered = read
    .selectFrom("expert_topics")
    .innerJoin("experts", "experts.id", "expert_topics.expert_id")
    .select("expert_topics.topic_slug")
    .distinct()
    .where("experts.hidden", "=", 0);
  return {
    event,
    figures: await figuresOf(read, event),
    lists: await listsOf(read, event.id),
    journal: await journal.execute(),
    topicsWithExpert: (await covered.execute()).map((row) => row.topic_slug),
  };
}

/** A visit in today's picture: no words of the visitor, only what was ticked. */
export interface LatestVisit {
  id: string;
  at: Instant;
  category: Category;
  people: number;
  staffName: string | null;
  project: string | null;
  platform: string | null;
  questions: number;
}

/** The event's latest visits, the latest first. */
export async function latestVisits(read: Reader, event: Event, most: number): Promise<LatestVisit[]> {
  return read
    .selectFrom("visits")
    .leftJoin("projects", "projects.id", "visits.project_id")
    .leftJoin("platforms", "platforms.id", "visits.platform_id")
    .select([
      "visits.id",
      "visits.happened_at as at",
      "visits.category",
      "visits.people",
      "visits.staff_name as staffName",
      "projects.name as project",
      "platforms.name as platform",
    ])
    .select(({ selectFrom }) =>
      selectFrom("questions")
        .whereRef("questions.visit_id", "=", "visits.id")
        .select(({ fn }) => fn.countAll<number>().as("questions"))
        .as("questions"),
    )
    .where("visits.event_id", "=", event.id)
    .where("visits.deleted_at", "is", null)
    .orderBy("visits.happened_at", "desc")
    .orderBy("visits.id", "desc")
    .limit(most)
    .execute()
    .then((rows) => rows.map((row) => ({ ...row, questions: Number(row.questions) })));
}

/** The day of the latest visit, YYYY-MM-DD; undefined where there is none. */
export async function lastDayOf(read: Reader, event: Event): Promise<string | undefined> {
  const latest = await read
    .selectFrom("visits")
    .select("local_day")
    .where("event_id", "=", event.id)
    .where("deleted_at", "is", null)
    .orderBy("happened_at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return latest?.local_day;
}

/** How many visits there were from an instant on, up to another. */
export function visitsBetween(read: Reader, event: Event, from: Instant, until: Instant): Promise<number> {
  return read
    .selectFrom("visits")
    .select(({ fn }) => fn.countAll<number>().as("visits"))
    .where("event_id", "=", event.id)
    .where("deleted_at", "is", null)
    .where("happened_at", ">", from)
    .where("happened_at", "<=", until)
    .executeTakeFirstOrThrow()
    .then((row) => Number(row.visits));
}

/** How many questions of the event are with nobody; what is asked together counts once, as in the queue. */
export function openQuestions(read: Reader, event: Event): Promise<number> {
  return read
    .selectFrom("questions")
    .select(({ fn }) => fn.countAll<number>().as("questions"))
    .where("event_id", "=", event.id)
    .where("hidden", "=", 0)
    .where("state", "=", "open")
    .where("merged_into", "is", null)
    .executeTakeFirstOrThrow()
    .then((row) => Number(row.questions));
}

/** How many devices are paired for the event. */
export function pairedCount(read: Reader, event: Event): Promise<number> {
  return read
    .selectFrom("devices")
    .select(({ fn }) => fn.countAll<number>().as("devices"))
    .where("event_id", "=", event.id)
    .where("unpaired_at", "is", null)
    .executeTakeFirstOrThrow()
    .then((row) => Number(row.devices));
}
