import type { RawBuilder, SqlBool } from "kysely";
import { compiledOnce } from "../../database/compiled";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import {
  dropDocument,
  indexDocument,
  isAnyFound,
  isFoundBy,
  isOneOf,
  type Similar,
  similarTo,
  takeWaiting,
} from "../../database/search";
import { contains } from "../../visits/list/store";
import { searchWords } from "../../visits/rules";
import { likenessOf, terms } from "../../visits/terms/rules";
import { documentOf, queryOf } from "./rules";

/** As many as are indexed in a moment that nobody notices. */
const AT_ONCE = 100;

/**
 * Keeps every question found by its words: whatever changes them, in the same transaction. Begins with what was changed
 * while nobody did. `onFault` hears of what cannot be indexed; it is written all the same.
 */
export function keepSearchable(db: Database, onFault: (error: unknown) => void): void {
  db.beforeCommit(indexWaiting, onFault);
  db.write(async () => {}).catch(onFault);
}

/** Questions with whatever they are found by. */
function found(db: Reader) {
  return db
    .selectFrom("questions")
    .innerJoin("visits", "visits.id", "questions.visit_id")
    .leftJoin("contacts", "contacts.visit_id", "questions.visit_id")
    .select(["questions.id", "questions.merged_into", "questions.text", "questions.answer", "visits.note"])
    .select("questions.likeness")
    .select(["contacts.name", "contacts.organization", "contacts.role", "contacts.email", "contacts.phone"])
    .select(["contacts.handle", "contacts.website", "contacts.badge", "contacts.note as contact_note"])
    .orderBy("questions.id");
}

// Two queries, each by an index of its own: both in one would read all questions.
const withIds = compiledOnce((db, { ids }: { ids: string[] }) =>
  found(db).where(isOneOf(db, "questions.id", ids)),
);
/** Whoever searches for the words of one that is asked together with another finds that one. */
const mergedInto = compiledOnce((db, { ids }: { ids: string[] }) =>
  found(db)
    .where("questions.merged_into", "is not", null)
    .where(isOneOf(db, "questions.merged_into", ids))
    .where("questions.hidden", "=", 0),
);

/** Indexes questions that wait for it. Gives whether there are more. */
async function indexWaiting(writer: Writer): Promise<boolean> {
  const ids = await takeWaiting(writer, AT_ONCE);
  if (ids.length === 0) return false;
  const own = await withIds(writer, { ids });
  const members = await mergedInto(writer, { ids });
  for (const id of ids) {
    const head = own.find((row) => row.id === id);
    if (!head || head.merged_into !== null) {
      await dropDocument(writer, id);
      continue;
    }
    const together = [head, ...members.filter((row) => row.merged_into === id)];
    const document = documentOf({
      asked: together.flatMap((row) => [row.text, row.answer]),
      around: together.flatMap(({ id: _, merged_into, text, answer, likeness, ...around }) =>
        Object.values(around),
      ),
    });
    await indexDocument(writer, id, document);
    await setLikeness(writer, together, likenessOf(head.text));
  }
  return ids.length === AT_ONCE;
}

/** Says what questions are the same as, by the words of the one that stands for them. */
async function setLikeness(
  writer: Writer,
  questions: { id: string; likeness: string | null }[],
  likeness: string,
): Promise<void> {
  const ids = questions.filter((question) => question.likeness !== likeness).map((question) => question.id);
  if (ids.length === 0) return;
  await writer.updateTable("questions").set({ likeness }).where("id", "in", ids).execute();
}

const MOST_INSIDE = 1000;

/**
 * Whether a column has the id of a question that a search finds: one with all its words, in any form. Where there is none,
 * one of a visit that has them inside of other words. Undefined where nothing is looked for.
 */
export async function isSought(
  read: Reader,
  column: string,
  typed: string,
): Promise<RawBuilder<SqlBool> | undefined> {
  if (typed.trim() === "") return undefined;
  const query = queryOf(typed);
  if (await isAnyFound(read, query)) return isFoundBy(read, column, query);
  const parts = searchWords(typed);
  const rows = await read
    .selectFrom("visit_texts")
    .innerJoin("questions", "questions.visit_id", "visit_texts.visit_id")
    .select(({ fn }) => fn.coalesce("questions.merged_into", "questions.id").as("id"))
    .where(({ and }) => and(parts.map((part) => contains("visit_texts.text", part))))
    .limit(MOST_INSIDE)
    .execute();
  return isOneOf(
    read,
    column,
    rows.map((row) => row.id),
  );
}

/** The questions that ask most likely the same as this one, the likeliest first. */
export function likeQuestion(
  read: Reader,
  question: { id: string; event_id: string; text: string },
  limit: number,
): Promise<Similar[]> {
  return similarTo(
    read,
    { terms: terms(question.text), eventIds: [question.event_id], except: question.id },
    limit,
  );
}
