import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant, TextsToLookAtTable } from "../../database/tables";
import { isPlace, type PlaceName, titleOf } from "../mentions/rules";
import { type Text, textAt } from "../mentions/store";

/** A page shows so many. */
export const MOST_SHOWN = 50;

/** A text in which somebody who was erased may still be named. */
export interface ToLookAt extends Text {
  title: string;
  reason: TextsToLookAtTable["reason"];
  since: Instant;
}

/** How many texts there are to look at. */
export async function countTexts(read: Reader): Promise<number> {
  const { count } = await read
    .selectFrom("texts_to_look_at")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The texts to look at, those that wait longest first. Such as are not there any more are left out. */
export async function textsToLookAt(read: Reader): Promise<ToLookAt[]> {
  const rows = await read
    .selectFrom("texts_to_look_at")
    .selectAll()
    .orderBy("since")
    .orderBy("place")
    .orderBy("id")
    .limit(MOST_SHOWN)
    .execute();
  const texts: ToLookAt[] = [];
  for (const { place, id, reason, since } of rows) {
    const title = isPlace(place) ? titleOf(place) : undefined;
    const text = title ? await textAt(read, place as PlaceName, id) : undefined;
    if (title && text) texts.push({ ...text, title, reason, since });
  }
  return texts;
}

/** Takes a text off the list: it was looked at. */
export async function markLookedAt(writer: Writer, place: string, id: string): Promise<void> {
  await writer.deleteFrom("texts_to_look_at").where("place", "=", place).where("id", "=", id).execute();
}

/** Takes texts off the list that are not there any more. */
export async function dropLost(writer: Writer): Promise<void> {
  const rows = await writer
    .selectFrom("texts_to_look_at")
    .select(["place", "id"])
    .limit(MOST_SHOWN)
    .execute();
  for (const { place, id } of rows) {
    if (!isPlace(place) || !(await textAt(writer, place, id))) await markLookedAt(writer, place, id);
  }
}
