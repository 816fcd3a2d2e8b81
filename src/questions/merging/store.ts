import type { Writer } from "../../database/door";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { noteStep } from "../../visits/store";
import { lastStep, type Snapshot, type Taker } from "../rules";
import { change, snapshotOf, subjectOf, tellVisitors, together, trailOf } from "../steps/store";

/** A question as it was shown when somebody decided. */
export interface Shown {
  id: string;
  version: number;
}

/** What a question was before it was put together with another one, and which ones came along with it. */
interface Before extends Snapshot {
  members: string[];
}

/**
 * Puts questions that ask the same together with one of them, which stands for all from now on: its expert, state and
 * answer are theirs too, and one answer reaches all who asked. Those that were put together with one of them before come
 * along. Throws `conflict` where one of them is not as it was shown, or has an answer that `into` has not; nothing is
 * changed then.
 */
export async function mergeQuestions(
  writer: Writer,
  into: Shown,
  others: Shown[],
  { by, now }: { by: Taker; now: Instant },
): Promise<void> {
  const head = await subjectOf(writer, into.id, into.version);
  const { state, expert_id, answer, due_at, claimed_at, rank, priority, routed_at, answered_at, brought } =
    head;
  const shared = { state, expert_id, answer, due_at, claimed_at, rank, priority, answered_at, brought };
  for (const other of others) {
    if (other.id === head.id) throw new Problem("invalid", "A question cannot be put together with itself.");
    const member = await subjectOf(writer, other.id, other.version);
    if (member.answer !== null && answer === null) {
      throw new Problem(
        "conflict",
        "One of these is answered already. Put the others together with that one.",
      );
    }
    const told = await together(writer, member.id);
    const all = await together(writer, member.id, true);
    const before: Before = { ...snapshotOf(member), members: all.filter((id) => id !== member.id) };
    // All that are asked together with it get what the head has, before they are with the head.
    await change(writer, member, { ...shared, routed_at: member.routed_at ?? routed_at }, now);
    await putTogether(writer, all, head.id);
    const step = { at: now, actor: by.name, actorKind: by.kind };
    const note = await textOf(writer, member.id);
    const activityId = await noteStep(writer, { of: { questionId: head.id }, ...step, step: "merged", note });
    await noteStep(writer, { of: { questionId: member.id }, ...step, step: "put together", before });
    if (state === "answered") await tellVisitors(writer, { activityId, questionIds: told, now });
  }
  await change(writer, head, {}, now);
}

/**
 * Takes a question out of those that it is asked together with. Where nothing was done with them since, it stands as it
 * did before, with those that it brought along; else as they stand now, and goes its own way from there.
 * Throws `conflict` where it is asked together with none.
 */
export async function splitQuestion(
  writer: Writer,
  questionId: string,
  { by, now }: { by: Taker; now: Instant },
): Promise<void> {
  const member = await writer
    .selectFrom("questions")
    .select(["id", "merged_into", "hidden"])
    .where("id", "=", questionId)
    .executeTakeFirst();
  if (!member) throw new Problem("missing", "There is no such question. It may have been erased.");
  // What it brought along must not wait behind what is in the bin.
  if (member.hidden) {
    throw new Problem("conflict", "The visit of this question is in the bin. Put it back first.");
  }
  if (member.merged_into === null) {
    throw new Problem("conflict", "This question stands by itself already.");
  }
  const own = await trailOf(writer, questionId);
  const last = lastStep(own);
  const merging = last?.step === "put together" ? last : undefined;
  const heads = await trailOf(writer, member.merged_into);
  const isAsItWas = merging?.before && !heads.some((each) => each.before !== null && each.at >= merging.at);
  const step = { at: now, actor: by.name, actorKind: by.kind };
  const note = await textOf(writer, questionId);
  await noteStep(writer, { of: { questionId: member.merged_into }, ...step, step: "split off", note });
  await noteStep(writer, {
    of: { questionId },
    ...step,
    step: "stands by itself",
    undoes: isAsItWas ? merging.id : undefined,
  });
  const left = await versionOf(writer, member.merged_into);
  await writer.updateTable("questions").set({ merged_into: null }).where("id", "=", questionId).execute();
  if (isAsItWas) {
    const { members, merged_into, ...before } = JSON.parse(merging.before as string) as Before;
    await putTogether(writer, members, questionId, member.merged_into);
    await change(writer, await versionOf(writer, questionId), before, now);
  } else {
    await change(writer, await versionOf(writer, questionId), {}, now);
  }
  await change(writer, left, {}, now);
}

/** Lets a question stand for others; `from`: only for those of them that another one stands for. */
async function putTogether(writer: Writer, ids: string[], headId: string, from?: string): Promise<void> {
  if (ids.length === 0) return;
  const query = writer.updateTable("questions").set({ merged_into: headId }).where("id", "in", ids);
  await (from ? query.where("merged_into", "=", from) : query).execute();
}

function versionOf(writer: Writer, id: string): Promise<Shown> {
  return writer
    .selectFrom("questions")
    .select(["id", "version"])
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
}

async function textOf(writer: Writer, id: string): Promise<string> {
  const { text } = await writer
    .selectFrom("questions")
    .select("text")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  return text;
}
