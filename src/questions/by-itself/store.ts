import type { Database, Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { PROGRAM, STEPS } from "../rules";
import { takeStep } from "../steps/store";
import type { Suggester } from "../suggestions/store";

/** So few at a time that nobody waits for them. */
const AT_A_TIME = 50;

/**
 * Says whether an event's questions are routed without the organizer where it is certain who can answer them. That goes for
 * those that wait too, also where an event file brought them and nobody had done anything with them.
 */
export async function letRouteItself(db: Database, eventId: string, isOn: boolean): Promise<void> {
  await db.write(async (writer) => {
    await writer
      .updateTable("events")
      .set({ routes_itself: isOn ? 1 : 0 })
      .where("id", "=", eventId)
      .execute();
    if (!isOn) return;
    await writer
      .updateTable("questions")
      .set({ brought: 0 })
      .where("event_id", "=", eventId)
      .where("state", "=", "open")
      .where("brought", "=", 1)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("activity")
              .select("activity.id")
              .whereRef("activity.question_id", "=", "questions.id")
              .where("activity.step", "in", STEPS),
          ),
        ),
      )
      .execute();
  });
}

/**
 * Routes the new questions for which it is certain who can answer them, at the events that want it; the step says that
 * it was the program, and why. A question that anybody has done something with is the organizer's to decide.
 * `seen`: the questions that were looked at before, by id, and at which version; looked at again when they changed.
 * Gives how many were routed.
 */
export async function routeCertain(
  db: Database,
  suggester: Suggester,
  now: Instant,
  seen: Map<string, number> = new Map(),
): Promise<number> {
  const fresh = (await untouched(db.read)).filter(({ id, version }) => seen.get(id) !== version);
  const some = fresh.slice(0, AT_A_TIME);
  const suggestions = await suggester.suggestFor(
    db.read,
    some.map((row) => row.id),
    now,
  );
  let routed = 0;
  for (const { id, version } of some) {
    const [first] = suggestions.get(id) ?? [];
    if (first?.isCertain) {
      const step = { step: "routed" as const, shown: version, expertId: first.expertId, note: first.reason };
      const isDone = await db
        .write((writer) => takeStep(writer, id, { ...step, by: PROGRAM, now }))
        .catch(whereChanged);
      if (isDone) routed += 1;
    }
    seen.set(id, version);
  }
  return routed;
}

/** Questions with nobody that nobody has done anything with, at events that route by themselves, the first asked first. */
function untouched(read: Reader) {
  return read
    .selectFrom("questions")
    .innerJoin("events", "events.id", "questions.event_id")
    .select(["questions.id", "questions.version"])
    .where("events.routes_itself", "=", 1)
    .where("questions.hidden", "=", 0)
    .where("questions.state", "=", "open")
    .where("questions.merged_into", "is", null)
    .where("questions.brought", "=", 0)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("activity")
            .select("activity.id")
            .whereRef("activity.question_id", "=", "questions.id")
            // A topic that was given, or a slip, decides nothing about who answers.
            .where("activity.before", "is not", null),
        ),
      ),
    )
    .orderBy("questions.asked_at")
    .orderBy("questions.id")
    .limit(2000)
    .execute();
}

/** Somebody took a step in the same moment, or the expert is no longer offered: that counts. */
function whereChanged(error: unknown): undefined {
  if (error instanceof Problem) return undefined;
  throw error;
}
