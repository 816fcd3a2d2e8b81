import { uuidv7 } from "uuidv7";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant, WriteUpTextsTable } from "../../database/tables";
import { Problem } from "../../errors";
import type { Event } from "../../events/store";
import { excerpt } from "../../questions/letters/rules";
import { type Contact, withoutPersonal } from "../../questions/personal/rules";
import type { Report } from "../rules";
import { reportOf } from "../store";
import { draftOf, frontOf, type Offer, offersOf, type Quote, type Told, valuesOf } from "./draft/rules";
import type { WriteUpFields } from "./form";
import { type Filled, type Front, fill, refreshed, targetsOf, type Values, type WriteUp } from "./rules";

/** As many questions without an answer, and notes, are offered to be quoted; and so much of each. */
const MOST_QUOTES = 12;
const MOST_QUOTED = 400;
/** Among so many of the first without an answer those are looked for that do not ask the same. */
const MOST_LOOKED_AT = 200;

/** The write-up as the organizer left it; undefined where nobody has written on it yet. */
export async function keptWriteUp(read: Reader, event: Event): Promise<WriteUp | undefined> {
  const row = await read
    .selectFrom("write_ups")
    .selectAll()
    .where("event_id", "=", event.id)
    .executeTakeFirst();
  return (
    row && {
      version: Number(row.version),
      front: JSON.parse(row.front),
      text: row.text,
      changedAt: Number(row.changed_at),
      publishedAt: row.published_at === null ? null : Number(row.published_at),
      published: row.published === null ? null : JSON.parse(row.published),
    }
  );
}

/** The write-up with what the log says, ready to be shown. */
export interface WriteUpState {
  /** Undefined where nobody has written on it yet: then text and front matter are the draft's. */
  kept: WriteUp | undefined;
  report: Report;
  offers: Offer[];
  /** What the log says now. */
  values: Values;
  front: Front;
  /** The organizer's text, with links whose words are up to date; of a published one, as it was published. */
  text: string;
  /** The text to publish, or as it was published. */
  filled: Filled;
}

/** The organizer's text where there is one, else the draft that the log makes. `typed`: a text in place of the kept one. */
export async function writeUpOf(read: Reader, event: Event, typed?: string): Promise<WriteUpState> {
  const kept = await keptWriteUp(read, event);
  const text = typed ?? kept?.text;
  const told = await toldOf(read, event, text ?? "");
  const offers = offersOf(told);
  const values = valuesOf(offers);
  // What was published says what it said then.
  const shown =
    kept?.published && typed === undefined ? new Map(Object.entries(kept.published.values)) : values;
  const front = kept?.front ?? frontOf(told.report);
  const own = refreshed(text ?? draftOf(offers), shown);
  return { kept, report: told.report, offers, values, front, text: own, filled: fill(own, shown) };
}

/** What the write-up is made from: the report, and quotes without what would tell who said them. */
async function toldOf(read: Reader, event: Event, text: string): Promise<Told> {
  const report = await reportOf(read, event);
  const wanted = targetsOf(text).flatMap((target) => /^quote:([\da-f-]{36})$/.exec(target)?.[1] ?? []);
  const unanswered = await read
    .selectFrom("questions")
    .select(["id", "likeness"])
    .where("event_id", "=", event.id)
    .where("hidden", "=", 0)
    .where("merged_into", "is", null)
    .where("state", "in", ["open", "routed"])
    .orderBy("asked_at")
    .orderBy("id")
    .limit(MOST_LOOKED_AT)
    .execute();
  const noted = await read
    .selectFrom("visits")
    .select("id")
    .where("event_id", "=", event.id)
    .where("deleted_at", "is", null)
    .where("note", "is not", null)
    .orderBy("happened_at", "desc")
    .orderBy("id", "desc")
    .limit(MOST_QUOTES)
    .execute();
  const often = report.mostAsked.map(({ questionId }) => questionId);
  // What asks the same is quoted once, as it was asked first.
  const seen = new Set(report.mostAsked.map(({ likeness }) => likeness));
  const open = unanswered
    .filter(({ likeness }) => !likeness || (!seen.has(likeness) && seen.add(likeness)))
    .slice(0, MOST_QUOTES)
    .map(({ id }) => id);
  const questions = await quotedQuestions(read, event, [...new Set([...often, ...open, ...wanted])]);
  const notes = await quotedNotes(read, event, [...new Set([...noted.map(({ id }) => id), ...wanted])]);
  const timesOf = new Map(report.mostAsked.map(({ questionId, times }) => [questionId, times]));
  const all = (ids: string[], from: Map<string, Quote>) => ids.flatMap((id) => from.get(id) ?? []);
  const counted = new Map(
    [...questions].map(([id, quote]) => [id, { ...quote, times: timesOf.get(id) ?? 1 }]),
  );
  const unansweredOften = report.mostAsked.filter(({ state }) => state === "open" || state === "routed");
  return {
    report,
    asked: all(often, counted),
    unanswered: all([...new Set([...unansweredOften.map(({ questionId }) => questionId), ...open])], counted),
    notes: all(
      noted.map(({ id }) => id),
      notes,
    ),
    others: [...all(wanted, counted), ...all(wanted, notes)],
  };
}

const CONTACT = [
  "contacts.name",
  "contacts.organization",
  "contacts.role",
  "contacts.email",
  "contacts.phone",
  "contacts.handle",
  "contacts.website",
  "contacts.badge",
] as const;

/** The words of questions, without what would tell who asked them, or a question that was put together with them. */
export async function quotedQuestions(
  read: Reader,
  event: Event,
  ids: string[],
): Promise<Map<string, Quote>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("questions")
    .select(["id", "text", "merged_into", "state", "event_id", "hidden"])
    .where("id", "in", ids)
    .execute();
  // Asked for in the query, that makes SQLite look through all questions of the event for these few.
  const own = rows.filter((row) => row.event_id === event.id && row.hidden === 0);
  const quotes = await Promise.all(
    own.map(async ({ id, text, merged_into, state }): Promise<[string, Quote]> => {
      const head = merged_into ?? id;
      const contacts = await read
        .selectFrom("questions")
        .innerJoin("contacts", "contacts.visit_id", "questions.visit_id")
        .select(CONTACT)
        .where(({ or, eb }) =>
          or([eb("questions.id", "in", [id, head]), eb("questions.merged_into", "=", head)]),
        )
        .execute();
      return [id, { ...quoteOf(id, text, contacts), isOpen: state === "open" || state === "routed" }];
    }),
  );
  return new Map(quotes);
}

/** The notes of visits, without what would tell who was there. */
export async function quotedNotes(read: Reader, event: Event, ids: string[]): Promise<Map<string, Quote>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("visits")
    .leftJoin("contacts", "contacts.visit_id", "visits.id")
    .select(["visits.id", "visits.note as said", "visits.event_id", "visits.deleted_at", ...CONTACT])
    .where("visits.id", "in", ids)
    .execute();
  const own = rows.filter((row) => row.event_id === event.id && row.deleted_at === null && row.said !== null);
  return new Map(
    own.map(({ id, said, event_id, deleted_at, ...contact }) => [id, quoteOf(id, said ?? "", [contact])]),
  );
}

function quoteOf(id: string, text: string, contacts: Partial<Contact>[]): Quote {
  return { id, text: excerpt(withoutPersonal(text, contacts), MOST_QUOTED), times: 1 };
}

/* Writing */

const CONFLICT = "Another text was saved in the meantime, in another window.";
const PUBLISHED = "The write-up was published in the meantime, in another window.";

/**
 * Keeps what the organizer wrote on the version that they saw; gives the new version. Throws `conflict` where another one
 * was saved or published since. The same text again is no change.
 */
export async function saveWriteUp(
  writer: Writer,
  event: Event,
  seen: number,
  { front, text }: WriteUpFields,
  now: Instant,
): Promise<number> {
  const kept = await keptWriteUp(writer, event);
  const isSame = kept?.text === text && JSON.stringify(kept.front) === JSON.stringify(front);
  if (kept && isSame) return kept.version;
  const values = { front: JSON.stringify(front), text, changed_at: now };
  if (!kept) {
    if (seen !== 0) throw new Problem("conflict", CONFLICT);
    const added = await writer
      .insertInto("write_ups")
      .values({ event_id: event.id, version: 1, ...values })
      .onConflict((conflict) => conflict.column("event_id").doNothing())
      .executeTakeFirst();
    if (Number(added.numInsertedOrUpdatedRows) === 0) throw new Problem("conflict", CONFLICT);
    return 1;
  }
  if (kept.publishedAt !== null) throw new Problem("conflict", PUBLISHED);
  const changed = await writer
    .updateTable("write_ups")
    .set({ ...values, version: seen + 1 })
    .where("event_id", "=", event.id)
    .where("version", "=", seen)
    .where("published_at", "is", null)
    .executeTakeFirst();
  if (Number(changed.numUpdatedRows) === 0) throw new Problem("conflict", CONFLICT);
  return seen + 1;
}

/** Freezes a version as it stands, with what the log said. Throws `conflict` where it is not the kept one any more. */
export async function publishWriteUp(
  writer: Writer,
  event: Event,
  version: number,
  published: NonNullable<WriteUp["published"]>,
  now: Instant,
): Promise<void> {
  const changed = await writer
    .updateTable("write_ups")
    .set({ published: JSON.stringify(published), published_at: now, version: version + 1 })
    .where("event_id", "=", event.id)
    .where("version", "=", version)
    .where("published_at", "is", null)
    .executeTakeFirst();
  if (Number(changed.numUpdatedRows) === 0) throw new Problem("conflict", CONFLICT);
}

/** A published text is a draft again, which follows the log. Twice is the same as once. */
export async function reopenWriteUp(writer: Writer, event: Event): Promise<void> {
  await writer
    .updateTable("write_ups")
    .set(({ eb }) => ({ published: null, published_at: null, version: eb("version", "+", 1) }))
    .where("event_id", "=", event.id)
    .where("published_at", "is not", null)
    .execute();
}

/** Puts another text in the place of the kept one, which can be brought back. Throws `conflict` where it is published. */
export async function replaceText(
  writer: Writer,
  event: Event,
  text: string,
  { reason, now }: { reason: WriteUpTextsTable["reason"]; now: Instant },
): Promise<void> {
  const kept = await keptWriteUp(writer, event);
  if (!kept || kept.text === text) return;
  if (kept.publishedAt !== null) throw new Problem("conflict", PUBLISHED);
  await keepText(writer, event, kept.text, { reason, now });
  await writer
    .updateTable("write_ups")
    .set({ text, version: kept.version + 1, changed_at: now })
    .where("event_id", "=", event.id)
    .execute();
}

/** A text that another one took the place of. */
export type KeptText = Pick<WriteUpTextsTable, "id" | "text" | "kept_at" | "reason">;

/** So many of them are kept. */
const MOST_KEPT = 20;

/** Puts a text aside, once: it can be brought back. */
export async function keepText(
  writer: Writer,
  event: Event,
  text: string,
  { reason, now }: { reason: WriteUpTextsTable["reason"]; now: Instant },
): Promise<void> {
  const kept = await keptTexts(writer, event);
  // What is kept again is the latest again.
  const gone = [
    ...kept.filter((each) => each.text === text),
    ...kept.filter((each) => each.text !== text).slice(MOST_KEPT - 1),
  ].map(({ id }) => id);
  if (gone.length > 0) await writer.deleteFrom("write_up_texts").where("id", "in", gone).execute();
  await writer
    .insertInto("write_up_texts")
    .values({ id: uuidv7(), event_id: event.id, text, kept_at: now, reason })
    .execute();
}

/** The texts that others took the place of, the latest first. */
export function keptTexts(read: Reader, event: Event): Promise<KeptText[]> {
  return read
    .selectFrom("write_up_texts")
    .select(["id", "text", "kept_at", "reason"])
    .where("event_id", "=", event.id)
    .orderBy("kept_at", "desc")
    .orderBy("id", "desc")
    .execute()
    .then((rows) => rows.map((row) => ({ ...row, kept_at: Number(row.kept_at) })));
}

/** One of these texts. Throws `missing` where it is none of this event's. */
export async function keptText(read: Reader, event: Event, id: string): Promise<KeptText> {
  const text = await read
    .selectFrom("write_up_texts")
    .select(["id", "text", "kept_at", "reason"])
    .where("event_id", "=", event.id)
    .where("id", "=", id)
    .executeTakeFirst();
  if (!text) throw new Problem("missing", "There is no such text any more.");
  return text;
}
