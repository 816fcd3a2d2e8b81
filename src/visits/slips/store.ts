import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { newCode } from "./rules";

/** The slip of each question of these visits that was given last: the question's id → the code. */
export async function slipsOf(read: Reader, visitIds: string[]): Promise<Map<string, string>> {
  const rows = await read
    .selectFrom("slips")
    .innerJoin("questions", "questions.id", "slips.question_id")
    .select(["slips.question_id", "slips.code"])
    .where("questions.visit_id", "in", visitIds)
    .orderBy("slips.made_at")
    .orderBy("slips.code")
    .execute();
  return new Map(rows.map((row) => [row.question_id, row.code]));
}

/** The code of the slip that was given last for a question; undefined where none was. */
export async function slipOf(read: Reader, questionId: string): Promise<string | undefined> {
  const row = await read
    .selectFrom("slips")
    .select("code")
    .where("question_id", "=", questionId)
    .orderBy("made_at", "desc")
    .orderBy("code", "desc")
    .executeTakeFirst();
  return row?.code;
}

/**
 * Makes a code that was made elsewhere lead to a question. `known`: it does so already. `taken`: it leads to another one,
 * or to a question that a visitor asked by themselves, and goes on doing so.
 */
export async function bindSlip(
  writer: Writer,
  slip: { code: string; questionId: string; now: Instant; language?: string },
): Promise<"new" | "known" | "taken"> {
  if (await isOfVisitor(writer, slip.code)) return "taken";
  const { numInsertedOrUpdatedRows } = await writer
    .insertInto("slips")
    .values({
      code: slip.code,
      question_id: slip.questionId,
      made_at: slip.now,
      language: slip.language ?? null,
    })
    .onConflict((conflict) => conflict.column("code").doNothing())
    .executeTakeFirstOrThrow();
  if (Number(numInsertedOrUpdatedRows) > 0) return "new";
  const there = await writer
    .selectFrom("slips")
    .select("question_id")
    .where("code", "=", slip.code)
    .executeTakeFirstOrThrow();
  return there.question_id === slip.questionId ? "known" : "taken";
}

/** Makes a code that leads to a question; gives it. */
export async function newSlip(writer: Writer, questionId: string, now: Instant): Promise<string> {
  for (;;) {
    const code = newCode();
    if ((await bindSlip(writer, { code, questionId, now })) === "new") return code;
  }
}

/** Whether a question that waits for a look, or was put aside, has this code. */
async function isOfVisitor(writer: Writer, code: string): Promise<boolean> {
  const row = await writer
    .selectFrom("visitor_questions")
    .select("id")
    .where("code", "=", code)
    .executeTakeFirst();
  return row !== undefined;
}
