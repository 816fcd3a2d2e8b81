import { listsOf } from "../../catalog/store";
import type { Reader } from "../../database/open";
import type { Event } from "../../events/store";
import { figuresOf, textsOf } from "../store";
import type { Asked } from "./asked/rules";

/** As many of an event's most asked questions are looked for in the others. */
const MOST_ASKED = 30;

/** What is read of an event, or of one of its days (YYYY-MM-DD), to be set beside others: the same for any number of visits. */
export async function sideOf(read: Reader, event: Event, day?: string) {
  const [figures, lists] = await Promise.all([
    figuresOf(read, event, day === undefined ? {} : { day }),
    listsOf(read, event.id),
  ]);
  return { figures, lists };
}

/** The slugs of an event's projects, by the event's id. */
export async function projectsByEvent(read: Reader): Promise<Map<string, Set<string>>> {
  const rows = await read.selectFrom("projects").select(["event_id", "slug"]).execute();
  const slugs = new Map<string, Set<string>>();
  for (const { event_id, slug } of rows) slugs.set(event_id, (slugs.get(event_id) ?? new Set()).add(slug));
  return slugs;
}

/** What was asked more than once at any of the events, in the last one's words first, with how often it came at each. */
export async function askedAt(read: Reader, events: Event[]): Promise<Asked[]> {
  const words = new Map<string, string>();
  for (const event of [...events].reverse()) {
    const most = (await mostAsked(read, event)).filter((likeness) => !words.has(likeness));
    for (const [likeness, { text }] of await textsOf(read, event, most)) words.set(likeness, text);
  }
  if (words.size === 0) return [];
  const ids = events.map(({ id }) => id);
  const rows = await read
    .selectFrom("kept_alike")
    .select(["event_id as column", "likeness", "questions as times"])
    .where("event_id", "in", ids)
    .where("likeness", "in", [...words.keys()])
    .execute();
  return withTimes(words, ids, rows);
}

/** What was asked more than once at an event, with how often it came on each of these days. */
export async function askedOn(read: Reader, event: Event, days: string[]): Promise<Asked[]> {
  const texts = await textsOf(read, event, await mostAsked(read, event));
  const words = new Map([...texts].map(([likeness, { text }]) => [likeness, text]));
  if (words.size === 0 || days.length === 0) return [];
  const rows = await read
    .selectFrom("kept_asked")
    .innerJoin("kept_cells", "kept_cells.id", "kept_asked.cell")
    .select(["day as column", "likeness"])
    .select(({ fn }) => fn.sum<number>("questions").as("times"))
    .where("event_id", "=", event.id)
    .where("likeness", "in", [...words.keys()])
    .where("day", "in", days)
    .groupBy(["day", "likeness"])
    .execute();
  return withTimes(words, days, rows).filter(({ times }) => times.some((count) => count > 0));
}

/** What makes an event's most asked questions the same as others: of those that came twice and more. */
async function mostAsked(read: Reader, event: Event): Promise<string[]> {
  const rows = await read
    .selectFrom("kept_alike")
    .select("likeness")
    .where("event_id", "=", event.id)
    .where("questions", ">", 1)
    .orderBy("questions", "desc")
    .orderBy("likeness", "desc")
    .limit(MOST_ASKED)
    .execute();
  return rows.map(({ likeness }) => likeness);
}

function withTimes(
  words: Map<string, string>,
  columns: string[],
  rows: { column: string; likeness: string; times: number }[],
): Asked[] {
  const times = new Map(rows.map((row) => [`${row.column} ${row.likeness}`, Number(row.times)]));
  return [...words].map(([likeness, text]) => ({
    text,
    times: columns.map((column) => times.get(`${column} ${likeness}`) ?? 0),
  }));
}
