import type { Lists } from "../../catalog/store";
import type { Reader } from "../../database/open";
import type { Event } from "../../events/store";
import { NONE } from "../../exports/rules";
import { excerpt } from "../../questions/letters/rules";
import type { NarrowedFigures } from "../rules";
import { quotedNotes, quotedQuestions } from "../write-up/store";
import { firstOfEach, grouped, MOST_EXAMPLES, notesByRemark, type Quote, type Unanswered } from "./rules";

/**
 * How many notes and questions are looked at, whatever the event's size: more than a day brings, so that of an event of
 * the usual size none is missed.
 */
const LOOK_AT = 600;
const LONGEST_QUOTE = 180;
const LONGEST_QUESTION = 220;

/**
 * What visitors said word by word, by the slug of the remark that was heard in the same visit: of the newest notes.
 * `remarks`: slugs, the most important first. Nothing in it tells who said it.
 */
export async function quotesOf(
  read: Reader,
  event: Event,
  { narrowed, lists, remarks }: { narrowed: NarrowedFigures; lists: Lists; remarks: string[] },
): Promise<Map<string, Quote[]>> {
  if (remarks.length === 0) return new Map();
  const rows = await read
    .selectFrom(newestNotes(read, event, narrowed).as("noted"))
    .innerJoin("visit_remarks", "visit_remarks.visit_id", "noted.id")
    .select(["noted.id", "noted.note", "noted.category", "noted.local_day", "visit_remarks.remark_id"])
    .orderBy("noted.local_day", "desc")
    .orderBy("noted.id", "desc")
    .execute();
  const slugs = new Map(lists.remarks.map(({ id, slug }) => [id, slug]));
  const notes = grouped(rows, (row) => row.id);
  const chosen = notesByRemark(
    [...notes.values()].map((same) => {
      const [{ id, note, category, local_day }] = same as [(typeof rows)[number]];
      const heard = same.map(({ remark_id }) => slugs.get(remark_id) ?? "");
      return { visitId: id, text: note ?? "", category, day: local_day, remarks: heard };
    }),
    remarks,
  );
  const words = await quotedNotes(
    read,
    event,
    [...chosen.values()].flat().map(({ visitId }) => visitId),
  );
  return new Map(
    [...chosen].map(([remark, own]) => [
      remark,
      own.map(({ visitId, category, day }) => ({
        text: excerpt(words.get(visitId)?.text ?? "", LONGEST_QUOTE),
        category,
        day,
      })),
    ]),
  );
}

/** The newest visits with a note, of what the report is narrowed down to. */
function newestNotes(read: Reader, event: Event, { day, category, boothId, projectId }: NarrowedFigures) {
  let query = read
    .selectFrom("visits")
    .select(["id", "note", "category", "local_day", "booth_id", "project_id"])
    .where("event_id", "=", event.id)
    .where("note", "is not", null)
    .where("deleted_at", "is", null)
    .orderBy("local_day", "desc")
    .orderBy("id", "desc")
    .limit(LOOK_AT);
  if (day) query = query.where("local_day", "=", day);
  // Of these alone: whoever asks for a rare project does not have all notes of an event read for it.
  let own = read.selectFrom(query.as("newest")).select(["id", "note", "category", "local_day"]);
  if (category) own = own.where("category", "=", category);
  if (boothId !== undefined) own = own.where("booth_id", boothId === "" ? "is" : "=", boothId || null);
  if (projectId !== undefined)
    own = own.where("project_id", projectId === "" ? "is" : "=", projectId || null);
  return own;
}

/**
 * Questions that are with nobody, those that came back first, then those that wait longest: what is asked together once.
 * Nothing in their words tells who asked.
 */
export async function unansweredOf(
  read: Reader,
  event: Event,
  { day, category, boothId, projectId }: NarrowedFigures,
): Promise<Unanswered[]> {
  const waiting = read
    .selectFrom("questions")
    .select(["id", "visit_id", "topic_id", "rank", "asked_at", "likeness"])
    .where("event_id", "=", event.id)
    .where("hidden", "=", 0)
    .where("state", "=", "open")
    .where("merged_into", "is", null)
    .orderBy("rank")
    .orderBy("asked_at")
    .orderBy("id")
    .limit(LOOK_AT);
  let query = read
    .selectFrom(waiting.as("waiting"))
    .innerJoin("visits", "visits.id", "waiting.visit_id")
    .leftJoin("topics", "topics.id", "waiting.topic_id")
    .select(["waiting.id", "waiting.rank", "waiting.likeness", "topics.slug"])
    .orderBy("waiting.rank")
    .orderBy("waiting.asked_at")
    .orderBy("waiting.id");
  if (day) query = query.where("visits.local_day", "=", day);
  if (category) query = query.where("visits.category", "=", category);
  if (boothId !== undefined)
    query = query.where("visits.booth_id", boothId === "" ? "is" : "=", boothId || null);
  if (projectId !== undefined)
    query = query.where("visits.project_id", projectId === "" ? "is" : "=", projectId || null);
  const rows = await query.execute();
  const byTopic = grouped(rows, (row) => row.slug ?? NONE);
  const chosen = [...byTopic].flatMap(([topic, own]) =>
    // The same is shown once, however often it was asked.
    firstOfEach(own, (row) => row.likeness ?? row.id)
      .slice(0, MOST_EXAMPLES)
      .map(({ id, rank }) => ({ id, topic, cameBack: Number(rank) === 0 })),
  );
  const words = await wordsOfQuestions(
    read,
    event,
    chosen.map(({ id }) => id),
  );
  return chosen.map((question) => ({ ...question, text: words.get(question.id) ?? "" }));
}

/** What questions ask, without who asked them, by their id. */
export async function wordsOfQuestions(
  read: Reader,
  event: Event,
  ids: string[],
): Promise<Map<string, string>> {
  const quotes = await quotedQuestions(read, event, ids);
  return new Map([...quotes].map(([id, { text }]) => [id, excerpt(text, LONGEST_QUESTION)]));
}
