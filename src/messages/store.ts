import { type Selectable, sql } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../database/door";
import type { Reader } from "../database/open";
import type { Instant, MessageKind, MessageState, MessagesTable, Way } from "../database/tables";
import { Problem } from "../errors";
import type { Place } from "../http/paging";
import { CLAIM, goesAt, INTERRUPTED, type Outcome, pauseAfter } from "./rules";

export type Message = Selectable<MessagesTable>;

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
  const joined = there && (await joinedTo(writer, there, now));
  const id = joined ?? uuidv7();
  if (!joined) {
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

/** Lets a message wait for what comes to it. Gives its id; undefined where another program sends it by now. */
async function joinedTo(
  writer: Writer,
  there: { id: string; kind: MessageKind; created_at: Instant },
  now: Instant,
): Promise<string | undefined> {
  const { numUpdatedRows } = await writer
    .updateTable("messages")
    .set(({ ref }) => ({ due_at: there.kind === "digest" ? ref("due_at") : goesAt(there.created_at, now) }))
    .where("id", "=", there.id)
    .where("state", "=", "waiting")
    .where("attempts", "=", 0)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0 ? there.id : undefined;
}

/** A message that waits untried for the same recipient, and that this one may go with. */
async function unsent(writer: Writer, { kind, via, to, questionIds, joins }: Occasion) {
  let query = writer
    .selectFrom("messages")
    .select(["id", "kind", "created_at"])
    // A digest tells of all that an expert has: what comes before it goes is in it.
    .where("kind", "in", kind === "routing" ? ["routing", "digest"] : [kind])
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

/**
 * Whether something that these steps set going has left the house, or may have. Where nothing has, nothing does until
 * the transaction ends: the messages are taken hold of first, so that another program's sender waits.
 */
export async function hasLeft(writer: Writer, activityIds: string[]): Promise<boolean> {
  await writer
    .updateTable("messages")
    .set(({ ref }) => ({ attempts: ref("attempts") }))
    .where(({ eb, selectFrom }) =>
      eb(
        "id",
        "in",
        selectFrom("message_steps").select("message_id").where("activity_id", "in", activityIds),
      ),
    )
    .execute();
  return hasLeftSoFar(writer, activityIds);
}

/** The same as it stands at this moment, for a page to say: something may leave right after. */
export async function hasLeftSoFar(read: Reader, activityIds: string[]): Promise<boolean> {
  const left = await read
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
    await writer
      .deleteFrom("message_steps")
      .where("message_id", "=", id)
      .where("activity_id", "=", activityId)
      .execute();
    const other = await writer
      .selectFrom("message_steps")
      .select("activity_id")
      .where("message_id", "=", id)
      .executeTakeFirst();
    if (other) continue;
    await writer
      .updateTable("messages")
      .set({ state: "cancelled", problem: "What it told of was taken back." })
      .where("id", "=", id)
      .execute();
  }
}

/** Written out as it stands at the small index of messages under way, so that it serves. */
const underWay = sql<boolean>`state IN ('waiting', 'sending')`;

/** A message that its holder alone may send now. */
export interface Claimed extends Message {
  /** Whether an earlier try may have left the house. */
  mayHaveLeft: boolean;
}

/**
 * Takes the next message that is due on this way, for the caller alone: until the claim runs out nobody else gets it.
 * From now on it counts as having left the house, until it is known that it has not. Undefined where nothing is due.
 */
export async function claimDue(writer: Writer, via: Way, now: Instant): Promise<Claimed | undefined> {
  for (;;) {
    const due = await writer
      .selectFrom("messages")
      .selectAll()
      .where(underWay)
      .where("state", "=", "waiting")
      .where("due_at", "<=", now)
      .where("via", "=", via)
      .orderBy("due_at")
      .orderBy("id")
      .limit(1)
      .executeTakeFirst();
    if (!due) return undefined;
    const claim = {
      state: "sending" as const,
      attempts: due.attempts + 1,
      claimed_until: now + CLAIM,
      tried_at: now,
      left_at: due.left_at ?? now,
    };
    // Another program on the same database may have been faster: its claim has changed what is asked for here.
    const { numUpdatedRows } = await writer
      .updateTable("messages")
      .set(claim)
      .where("id", "=", due.id)
      .where("state", "=", "waiting")
      .where("attempts", "=", due.attempts)
      .where("due_at", "<=", now)
      .executeTakeFirst();
    if (Number(numUpdatedRows) > 0) return { ...due, ...claim, mayHaveLeft: due.left_at !== null };
  }
}

/** A message of which its holder's try is the last one. */
const held = (writer: Writer, { id, attempts }: Pick<Claimed, "id" | "attempts">) =>
  writer
    .updateTable("messages")
    .where("id", "=", id)
    .where("state", "=", "sending")
    .where("attempts", "=", attempts);

/** Says that a try is still under way. */
export async function renewClaim(writer: Writer, claimed: Claimed, now: Instant): Promise<void> {
  await held(writer, claimed)
    .set({ claimed_until: now + CLAIM })
    .execute();
}

/** Keeps what became of a try. Who lost the claim meanwhile has a say only where the message arrived. */
export async function settle(
  writer: Writer,
  claimed: Claimed,
  outcome: Outcome,
  now: Instant,
): Promise<void> {
  const left_at = claimed.mayHaveLeft ? claimed.left_at : null;
  if (outcome.kind === "delivered") {
    await writer
      .updateTable("messages")
      .set({ state: "delivered", delivered_at: now, claimed_until: null, problem: null })
      .where("id", "=", claimed.id)
      .where("state", "<>", "delivered")
      .execute();
  } else if (outcome.kind === "refused") {
    await held(writer, claimed)
      .set({ state: "failed", claimed_until: null, left_at, problem: outcome.reason })
      .execute();
  } else if (outcome.kind === "later") {
    const due_at = now + Math.max(pauseAfter(claimed.attempts), outcome.after ?? 0);
    await held(writer, claimed)
      .set({ state: "waiting", due_at, claimed_until: null, left_at, problem: outcome.reason })
      .execute();
  } else {
    await held(writer, claimed)
      .set({
        ...afterSilence(claimed.via, now + pauseAfter(claimed.attempts)),
        claimed_until: null,
        problem: outcome.reason,
      })
      .execute();
  }
}

/**
 * What to do where nobody knows whether a message arrived. A mail goes again, under the same id, by which a mailbox
 * tells that it has it already. A chat cannot tell: there the organizer looks.
 */
function afterSilence(via: Way, due_at: Instant): { state: MessageState; due_at?: Instant } {
  return via === "mail" ? { state: "waiting", due_at } : { state: "uncertain" };
}

/**
 * After a backup was restored: what waited for its time then may have gone since. A chat cannot tell whether it has it, so the
 * organizer looks; a mail goes again, under the same id.
 */
export async function doubtChats(writer: Writer, now: Instant): Promise<void> {
  await writer
    .updateTable("messages")
    .set(({ fn, ref }) => ({
      state: "uncertain" as const,
      left_at: fn.coalesce("left_at", ref("due_at")),
      claimed_until: null,
      problem: "A backup from before its time was restored.",
    }))
    .where(underWay)
    .where("via", "=", "webhook")
    .where("due_at", "<=", now)
    .execute();
}

/**
 * Takes out of a message what it does not tell of after all, before it goes for the first time: who gets such a question
 * later has not been told of it.
 */
export async function keepTold(writer: Writer, claimed: Claimed, questionIds: string[]): Promise<void> {
  if (claimed.mayHaveLeft) return;
  const steps = await stepsOf(writer, [claimed.id]);
  const told = new Set(questionIds);
  const untold = [...new Set(steps.map((step) => step.question_id))].filter((id) => !told.has(id));
  if (untold.length === 0) return;
  await writer
    .deleteFrom("message_steps")
    .where("message_id", "=", claimed.id)
    .where("question_id", "in", untold)
    .execute();
}

/** Lets go of a message that has nothing to tell any more. */
export async function dropClaimed(writer: Writer, claimed: Claimed): Promise<void> {
  const left_at = claimed.mayHaveLeft ? claimed.left_at : null;
  const { numUpdatedRows } = await held(writer, claimed)
    .set({ state: "cancelled", claimed_until: null, left_at, problem: NOTHING_LEFT })
    .executeTakeFirst();
  if (Number(numUpdatedRows) > 0) await keepTold(writer, claimed, []);
}

const NOTHING_LEFT = "There was nothing left to tell.";

/** Takes back the claims of programs that ended in the midst of a try. */
export async function expireClaims(writer: Writer, via: Way, now: Instant): Promise<void> {
  await writer
    .updateTable("messages")
    .set({ ...afterSilence(via, now), claimed_until: null, problem: INTERRUPTED })
    .where(underWay)
    .where("state", "=", "sending")
    .where("claimed_until", "<=", now)
    .where("via", "=", via)
    .execute();
}

/** Lets messages that were tried in vain since an instant go at once: what stood in their way is over. */
export async function hasten(writer: Writer, via: Way, since: Instant, now: Instant): Promise<void> {
  await writer
    .updateTable("messages")
    .set({ due_at: now })
    .where(underWay)
    .where("state", "=", "waiting")
    .where("due_at", ">", now)
    .where("via", "=", via)
    .where("tried_at", ">=", since)
    .execute();
}

/**
 * The part of Message-IDs after the @: the one that was used first, whatever the settings say later, so that a mail
 * that goes again has the id that it had.
 */
export async function mailHost(writer: Writer, wanted: string): Promise<string> {
  await writer
    .insertInto("settings")
    .values({ name: MAIL_HOST, value: wanted })
    .onConflict((known) => known.doNothing())
    .execute();
  const { value } = await writer
    .selectFrom("settings")
    .select("value")
    .where("name", "=", MAIL_HOST)
    .executeTakeFirstOrThrow();
  return value;
}

const MAIL_HOST = "mail-host";

/** The first message about one of these questions to the same recipient that has gone, or may have. */
export async function firstAbout(
  read: Reader,
  message: Pick<Message, "id" | "expert_id" | "visit_id">,
  questionIds: string[],
): Promise<string | undefined> {
  if (questionIds.length === 0) return undefined;
  let query = read
    .selectFrom("messages")
    .innerJoin("message_steps", "message_steps.message_id", "messages.id")
    .select("messages.id")
    .where("message_steps.question_id", "in", questionIds)
    .where("messages.via", "=", "mail")
    .where("messages.id", "<>", message.id)
    .where("messages.delivered_at", "is not", null)
    .orderBy("messages.delivered_at")
    .limit(1);
  query = message.expert_id
    ? query.where("messages.expert_id", "=", message.expert_id)
    : query.where("messages.visit_id", "=", message.visit_id);
  return (await query.executeTakeFirst())?.id;
}

/** The message with this id. Throws `missing` where there is none. */
export async function messageById(read: Reader, id: string): Promise<Message> {
  const message = await read.selectFrom("messages").selectAll().where("id", "=", id).executeTakeFirst();
  if (!message) throw new Problem("missing", "There is no such message. It may have been erased.");
  return message;
}

/** The questions that a message tells of, and the steps by which it came to do so. */
export function stepsOf(read: Reader, messageIds: string[]) {
  if (messageIds.length === 0) return Promise.resolve([]);
  return read
    .selectFrom("message_steps")
    .innerJoin("activity", "activity.id", "message_steps.activity_id")
    .select([
      "message_steps.message_id",
      "message_steps.question_id",
      "activity.step",
      "activity.at",
      "activity.actor_kind",
    ])
    .where("message_steps.message_id", "in", messageIds)
    .orderBy("activity.at")
    .orderBy("message_steps.question_id")
    .execute();
}

/** Where messages stand, as the organizer's page groups them. */
export const SHELVES = {
  look: ["held", "uncertain"],
  failed: ["failed"],
  waiting: ["waiting", "sending"],
  sent: ["delivered"],
  cancelled: ["cancelled"],
} as const satisfies Record<string, MessageState[]>;
export type Shelf = keyof typeof SHELVES;

/** Messages of a shelf, of one event or of all, the latest first; `most` of them, after a place. */
export function messagesOn(
  read: Reader,
  shelf: Shelf,
  { eventId, after, most }: { eventId?: string; after?: Place; most: number },
): Promise<Message[]> {
  let query = read
    .selectFrom("messages")
    .selectAll()
    .where("state", "in", [...SHELVES[shelf]])
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(most);
  if (eventId) query = query.where(ofEvent(eventId));
  if (after) {
    query = query.where(({ eb, or, and }) =>
      or([eb("created_at", "<", after.at), and([eb("created_at", "=", after.at), eb("id", "<", after.id)])]),
    );
  }
  return query.execute();
}

/** How many messages each shelf has. */
export async function countShelves(read: Reader, eventId?: string): Promise<Record<Shelf, number>> {
  let query = read
    .selectFrom("messages")
    .select(["state", ({ fn }) => fn.countAll<number>().as("count")])
    .groupBy("state");
  if (eventId) query = query.where(ofEvent(eventId));
  const counts = new Map((await query.execute()).map(({ state, count }) => [state as string, Number(count)]));
  const shelves = Object.entries(SHELVES).map(([shelf, states]) => [
    shelf,
    states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0),
  ]);
  return Object.fromEntries(shelves);
}

const ofEvent = (eventId: string) =>
  sql<boolean>`exists (select 1 from message_steps join questions on questions.id = message_steps.question_id
    where message_steps.message_id = messages.id and questions.event_id = ${eventId})`;

/** How many messages ask for the organizer, up to `most`: to look at, to send by hand, to mend. */
export async function countForOrganizer(read: Reader, most: number): Promise<number> {
  const rows = await read
    .selectFrom("messages")
    .select("id")
    .where("state", "in", ["held", "failed", "uncertain"])
    .limit(most)
    .execute();
  return rows.length;
}

const TOO_LATE = "This message is not where it was: it went out, or was cancelled, a moment ago.";

/** Changes a message that stands in one of these states. Throws `conflict` where it does not any more. */
async function move(
  writer: Writer,
  id: string,
  from: MessageState[],
  changes: Partial<Message>,
): Promise<void> {
  const { numUpdatedRows } = await writer
    .updateTable("messages")
    .set(changes)
    .where("id", "=", id)
    .where("state", "in", from)
    .executeTakeFirst();
  if (Number(numUpdatedRows) === 0) throw new Problem("conflict", TOO_LATE);
}

/**
 * Lets a message go now, as the organizer wants it to: with these words, or those that it would have by itself.
 * Throws `conflict` where it is under way, or has arrived.
 */
export async function sendNow(
  writer: Writer,
  id: string,
  { text, now }: { text?: string; now: Instant },
): Promise<void> {
  await move(writer, id, ["held", "waiting", "failed", "uncertain", "cancelled"], {
    state: "waiting",
    due_at: now,
    problem: null,
    ...(text !== undefined && { text }),
  });
}

/** Takes a message back. Throws `conflict` where it is under way, or has arrived. */
export function cancelMessage(writer: Writer, id: string): Promise<void> {
  return move(writer, id, ["held", "waiting", "failed", "uncertain"], { state: "cancelled", problem: null });
}

/** Keeps that the organizer brought a message to its recipient, or saw it there. */
export async function markSentByHand(writer: Writer, id: string, now: Instant): Promise<void> {
  const { left_at } = await messageById(writer, id);
  await move(writer, id, ["held", "waiting", "failed", "uncertain"], {
    state: "delivered",
    delivered_at: now,
    left_at: left_at ?? now,
    problem: null,
  });
}

/**
 * Puts a message in place that tells an expert of all that they have, and takes along what waits to be told of these
 * questions. Gives its id; undefined where they have nothing. It goes at once, or waits for the organizer's hand.
 */
export async function enqueueDigest(
  writer: Writer,
  { expertId, via, isHeld, now }: { expertId: string; via: Way; isHeld: boolean; now: Instant },
): Promise<string | undefined> {
  const questions = await writer
    .selectFrom("questions as told")
    .leftJoin("questions as heads", "heads.id", "told.merged_into")
    .innerJoin("activity", (join) =>
      join.on(({ eb, fn }) => eb("activity.question_id", "=", fn.coalesce("heads.id", "told.id"))),
    )
    .select(["told.id", "activity.id as activity_id"])
    .where("told.state", "=", "routed")
    .where("told.expert_id", "=", expertId)
    .where("told.hidden", "=", 0)
    // The step by which they have it comes last; a question that was split off another one has none of its own.
    .orderBy(({ case: when, eb, and }) =>
      when()
        .when(
          and([eb("activity.expert_id", "=", expertId), eb("activity.step", "in", ["routed", "passed on"])]),
        )
        .then(1)
        .else(0)
        .end(),
    )
    .orderBy("activity.at")
    .orderBy("activity.id")
    .execute();
  if (questions.length === 0) return undefined;
  const stepOf = new Map(questions.map((row) => [row.id, row.activity_id]));
  const id = uuidv7();
  await writer
    .insertInto("messages")
    .values({
      id,
      kind: "digest",
      via,
      expert_id: expertId,
      visit_id: null,
      state: isHeld || via === "hand" ? "held" : "waiting",
      text: null,
      created_at: now,
      due_at: now,
      claimed_until: null,
      tried_at: null,
      left_at: null,
      delivered_at: null,
      problem: null,
    })
    .execute();
  const steps = [...stepOf].map(([question_id, activity_id]) => ({
    message_id: id,
    question_id,
    activity_id,
  }));
  for (let from = 0; from < steps.length; from += 200) {
    await writer
      .insertInto("message_steps")
      .values(steps.slice(from, from + 200))
      .execute();
  }
  const taken = await writer
    .selectFrom("messages")
    .select("id")
    .where("expert_id", "=", expertId)
    .where("kind", "in", ["routing", "digest"])
    .where("state", "in", ["held", "waiting"])
    .where("left_at", "is", null)
    .where("text", "is", null)
    .where("id", "<>", id)
    .execute();
  if (taken.length === 0) return id;
  const ids = taken.map((message) => message.id);
  const cancelled = { state: "cancelled", problem: "It went along with a digest." } as const;
  await writer.updateTable("messages").set(cancelled).where("id", "in", ids).execute();
  await writer.deleteFrom("message_steps").where("message_id", "in", ids).execute();
  return id;
}
