import { uuidv7 } from "uuidv7";
import type { Writer } from "../database/door";
import type { Instant, MessageKind, Way } from "../database/tables";
import { goesAt } from "./rules";

/** Something that somebody is to be told of: a step with a question, and questions asked together with it. */
export interface Occasion {
  kind: MessageKind;
  via: Way;
  to: { expertId: string } | { visitId: string };
  activityId: string;
  questionIds: string[];
  /** Whether the organizer looks at it before it goes. */
  isHeld: boolean;
  /** Whether it may go together with others of the same kind to the same expert, in one message. */
  joins: boolean;
  now: Instant;
}

/**
 * Puts a message where it waits for its time, in the transaction of the step that it tells of. One to the same
 * recipient that has not been tried yet takes it along: to an expert where it `joins`, to a visitor where it is about the
 * same question.
 */
export async function enqueue(writer: Writer, occasion: Occasion): Promise<void> {
  const { kind, via, to, activityId, questionIds, isHeld, now } = occasion;
  const there = isHeld ? undefined : await unsent(writer, occasion);
  const id = there?.id ?? uuidv7();
  if (there) {
    await writer
      .updateTable("messages")
      .set({ due_at: goesAt(there.created_at, now) })
      .where("id", "=", id)
      .execute();
  } else {
    await writer
      .insertInto("messages")
      .values({
        id,
        kind,
        via,
        expert_id: "expertId" in to ? to.expertId : null,
        visit_id: "visitId" in to ? to.visitId : null,
        state: isHeld || via === "hand" ? "held" : "waiting",
        text: null,
        created_at: now,
        due_at: goesAt(now, now),
        claimed_until: null,
        tried_at: null,
        left_at: null,
        delivered_at: null,
        problem: null,
      })
      .execute();
  }
  await writer
    .insertInto("message_steps")
    .values(
      questionIds.map((questionId) => ({
        message_id: id,
        activity_id: activityId,
        question_id: questionId,
      })),
    )
    .onConflict((known) => known.doNothing())
    .execute();
}

/** A message that waits untried for the same recipient, and that this one may go with. */
async function unsent(writer: Writer, { kind, via, to, questionIds, joins }: Occasion) {
  let query = writer
    .selectFrom("messages")
    .select(["id", "created_at"])
    .where("kind", "=", kind)
    .where("via", "=", via)
    .where("state", "=", "waiting")
    .where("attempts", "=", 0)
    .where("text", "is", null)
    .orderBy("id")
    .limit(1);
  if ("expertId" in to) {
    if (!joins) return undefined;
    query = query.where("expert_id", "=", to.expertId);
  } else {
    query = query
      .where("visit_id", "=", to.visitId)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom("message_steps")
            .select("message_id")
            .whereRef("message_id", "=", "messages.id")
            .where("question_id", "in", questionIds),
        ),
      );
  }
  return query.executeTakeFirst();
}

/** Whether something that these steps set going has left the house, or may have. */
export async function hasLeft(writer: Writer, activityIds: string[]): Promise<boolean> {
  const left = await writer
    .selectFrom("messages")
    .innerJoin("message_steps", "message_steps.message_id", "messages.id")
    .select("messages.id")
    .where("message_steps.activity_id", "in", activityIds)
    .where("messages.left_at", "is not", null)
    .executeTakeFirst();
  return left !== undefined;
}

/** Takes a step out of the messages that have not left. One that tells of nothing else is cancelled. */
export async function withdraw(writer: Writer, activityId: string): Promise<void> {
  const told = await writer
    .selectFrom("messages")
    .innerJoin("message_steps", "message_steps.message_id", "messages.id")
    .select("messages.id")
    .distinct()
    .where("message_steps.activity_id", "=", activityId)
    .where("messages.left_at", "is", null)
    .where("messages.state", "in", ["held", "waiting", "failed"])
    .execute();
  for (const { id } of told) {
    const other = await writer
      .selectFrom("message_steps")
      .select("activity_id")
      .where("message_id", "=", id)
      .where("activity_id", "<>", activityId)
      .executeTakeFirst();
    if (other) {
      await writer
        .deleteFrom("message_steps")
        .where("message_id", "=", id)
        .where("activity_id", "=", activityId)
        .execute();
    } else {
      await writer.updateTable("messages").set({ state: "cancelled" }).where("id", "=", id).execute();
    }
  }
}
