import { type Lists, listsOf } from "../catalog/store";
import type { Reader } from "../database/open";
import type { Category, Instant } from "../database/tables";
import type { Event } from "../events/store";
import {
  type AskedOften,
  type FigureFilters,
  type Figures,
  type FiguresByTime,
  figuresByTime,
  figuresFrom,
  groupAlike,
  isNarrowed,
  type NarrowedFigures,
  narrowFigures,
  type Report,
} from "./rules";

/** Everything that is counted of one day of the event by hour: YYYY-MM-DD in its zone. */
export async function figuresOfDay(read: Reader, event: Event, day: string): Promise<FiguresByTime> {
  return figuresByTime(await hoursOf(keptOf(read, event, { day })));
}

/**
 * Everything that is counted of an event, or of what it is narrowed down to, from the figures that are kept: it costs the same
 * however many visits there are. Throws `invalid` where a filter names what is not there.
 */
export async function figuresOf(read: Reader, event: Event, filters: FigureFilters = {}): Promise<Figures> {
  const lists = await listsOf(read, event.id);
  return figuresNamed(read, event, lists, narrowFigures(filters, lists));
}

async function figuresNamed(
  read: Reader,
  event: Event,
  lists: Lists,
  narrowed: NarrowedFigures,
): Promise<Figures> {
  const kept = keptOf(read, event, narrowed);
  const details = kept
    .select(["what", "key", "category"])
    .select(({ fn }) => fn.sum<number>("visits").as("visits"))
    .where("what", "not in", ["visit", "expert"])
    .groupBy(["what", "key", "category"]);
  const staff = kept
    .select(["key", "day", "hour"])
    .select(({ fn }) => fn.sum<number>("visits").as("visits"))
    .where("what", "=", "visit")
    .where("key", "<>", "")
    .groupBy(["key", "day", "hour"]);
  const byExpert = kept
    .select(["key", "project_id"])
    .select(({ fn }) => fn.sum<number>("visits").as("visits"))
    .where("what", "=", "expert")
    .groupBy(["key", "project_id"]);
  const times = read
    .selectFrom("kept_alike")
    .select("questions as times")
    .select(({ fn }) => fn.countAll<number>().as("questions"))
    .where("event_id", "=", event.id)
    .groupBy("questions");
  const rows = {
    hours: await hoursOf(kept),
    details: await details.execute(),
    staff: await staff.execute(),
    experts: await byExpert.execute(),
    times: isNarrowed(narrowed) ? [] : await times.execute(),
  };
  const experts = await read.selectFrom("experts").select(["id", "slug"]).execute();
  return figuresFrom(event, rows, { lists, experts });
}

/** The kept figures of an event, narrowed down. */
function keptOf(read: Reader, event: Event, narrowed: NarrowedFigures) {
  return read
    .selectFrom("kept_cells")
    .innerJoin("kept_figures", "kept_figures.cell", "kept_cells.id")
    .where("event_id", "=", event.id)
    .where(({ and, eb }) =>
      and([
        ...(narrowed.day === undefined ? [] : [eb("day", "=", narrowed.day)]),
        ...(narrowed.boothId === undefined ? [] : [eb("booth_id", "=", narrowed.boothId)]),
        ...(narrowed.projectId === undefined ? [] : [eb("project_id", "=", narrowed.projectId)]),
        ...(narrowed.category === undefined ? [] : [eb("category", "=", narrowed.category)]),
      ]),
    );
}

function hoursOf(kept: ReturnType<typeof keptOf>) {
  return kept
    .select(["day", "hour", "category", "booth_id", "project_id"])
    .select(({ fn }) => [fn.sum<number>("visits").as("visits"), fn.sum<number>("people").as("people")])
    .where("what", "=", "visit")
    .groupBy(["day", "hour", "category", "booth_id", "project_id"])
    .execute();
}

/** As many of the questions asked most often in the whole event are looked at where a report is narrowed down. */
const MOST_LOOKED_AT = 300;
/** As many are looked at for being nearly the same, and shown. */
const MOST_COMPARED = 60;
const MOST_SHOWN = 12;

/**
 * What was asked twice and more, the most often asked first; what is nearly the same is one. Where the figures are narrowed
 * down, of the questions that were asked most often in the whole event.
 */
async function mostAskedOf(
  read: Reader,
  event: Event,
  lists: Lists,
  narrowed: NarrowedFigures,
): Promise<AskedOften[]> {
  const most = await read
    .selectFrom("kept_alike")
    .select(["likeness", "questions as times"])
    .where("event_id", "=", event.id)
    .where("questions", ">", 1)
    .orderBy("questions", "desc")
    .orderBy("likeness", "desc")
    .limit(isNarrowed(narrowed) ? MOST_LOOKED_AT : MOST_COMPARED)
    .execute();
  if (most.length === 0) return [];
  const asked = isNarrowed(narrowed) ? await timesAskedOf(read, event, most, narrowed) : most;
  const texts = await textsOf(
    read,
    event,
    asked.map((each) => each.likeness),
  );
  const topics = new Map(lists.topics.map(({ id, slug }) => [id, slug]));
  const found = asked.flatMap(({ likeness, times }): AskedOften[] => {
    const first = texts.get(likeness);
    if (!first) return [];
    const { id, text, topic_id, state } = first;
    const topic = (topic_id && topics.get(topic_id)) || null;
    return [{ text, times: Number(times), questionId: id, topic, state, likeness }];
  });
  return groupAlike(found, MOST_SHOWN);
}

/** How often each of some questions was asked in what the figures are narrowed down to: twice and more, the most first. */
async function timesAskedOf(
  read: Reader,
  event: Event,
  most: { likeness: string }[],
  narrowed: NarrowedFigures,
): Promise<{ likeness: string; times: number }[]> {
  const likenesses = most.map((each) => each.likeness);
  let query = read
    .selectFrom("kept_asked")
    .innerJoin("kept_cells", "kept_cells.id", "kept_asked.cell")
    .select("likeness")
    .select(({ fn }) => fn.sum<number>("questions").as("times"))
    .where("event_id", "=", event.id)
    .where("likeness", "in", likenesses)
    .groupBy("likeness");
  if (narrowed.day !== undefined) query = query.where("day", "=", narrowed.day);
  if (narrowed.boothId !== undefined) query = query.where("booth_id", "=", narrowed.boothId);
  if (narrowed.projectId !== undefined) query = query.where("project_id", "=", narrowed.projectId);
  if (narrowed.category !== undefined) query = query.where("category", "=", narrowed.category);
  return (await query.execute())
    .map((row) => ({ ...row, times: Number(row.times) }))
    .filter((row) => row.times > 1)
    .sort((a, b) => b.times - a.times || (a.likeness < b.likeness ? 1 : -1))
    .slice(0, MOST_COMPARED);
}

/** Each of these questions as it was asked first, by what makes it the same as others. */
export async function textsOf(read: Reader, event: Event, likenesses: string[]) {
  const found = await Promise.all(
    likenesses.map((likeness) =>
      read
        .selectFrom("questions")
        .select(["id", "text", "topic_id", "state", "likeness"])
        .where("event_id", "=", event.id)
        .where("likeness", "=", likeness)
        .where("hidden", "=", 0)
        .orderBy("asked_at")
        .orderBy("id")
        .limit(1)
        .executeTakeFirst(),
    ),
  );
  return new Map(found.flatMap((row) => (row?.likeness ? [[row.likeness, row] as const] : [])));
}

/** What the report and the write-up tell of an event, or of what it is narrowed down to: see `figuresOf`. */
export async function reportOf(read: Reader, event: Event, filters: FigureFilters = {}): Promise<Report> {
  const lists = await listsOf(read, event.id);
  const narrowed = narrowFigures(filters, lists);
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
    figures: await figuresNamed(read, event, lists, narrowed),
    lists,
    mostAsked: await mostAskedOf(read, event, lists, narrowed),
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
