import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import { newOwnCode } from "../slips/rules";

/** Whose page a code opens: the visitor's of a visit, or of a question that they asked by themselves. */
export type OwnPageOf = { visitId: string } | { questionId: string };

/** The code of the own page of somebody; where they have several, always the same. Undefined where they have none. */
export async function ownCodeOf(read: Reader, of: OwnPageOf): Promise<string | undefined> {
  const row = await read
    .selectFrom("visitor_codes")
    .select("code")
    .where("visitId" in of ? "visit_id" : "question_id", "=", "visitId" in of ? of.visitId : of.questionId)
    .orderBy("code")
    .limit(1)
    .executeTakeFirst();
  return row?.code;
}

/** The codes of the own pages of these visits' visitors, as `ownCodeOf` gives them: the visit's id → the code. */
export async function ownCodesOf(read: Reader, visitIds: string[]): Promise<Map<string, string>> {
  const rows = await read
    .selectFrom("visitor_codes")
    .select(["visit_id", "code"])
    .where("visit_id", "in", visitIds)
    .orderBy("code", "desc")
    .execute();
  return new Map(rows.map((row) => [row.visit_id as string, row.code]));
}

/**
 * Makes a code that was made elsewhere open somebody's page, where they have left details. `known`: it does so already.
 * `taken`: it opens another one's, and goes on doing so. `nobody`: there are no details that it could show.
 */
export async function bindOwnCode(
  writer: Writer,
  code: string,
  of: OwnPageOf,
): Promise<"new" | "known" | "taken" | "nobody"> {
  const there = await writer
    .selectFrom("visitor_codes")
    .select(["visit_id", "question_id"])
    .where("code", "=", code)
    .executeTakeFirst();
  if (there) {
    const isTheirs = "visitId" in of ? there.visit_id === of.visitId : there.question_id === of.questionId;
    return isTheirs ? "known" : "taken";
  }
  if (!(await hasDetails(writer, of))) return "nobody";
  await writer
    .insertInto("visitor_codes")
    .values({
      code,
      visit_id: "visitId" in of ? of.visitId : null,
      question_id: "questionId" in of ? of.questionId : null,
    })
    .execute();
  return "new";
}

/** The code of somebody's own page, which they get where they have none. Undefined where they have left no details. */
export async function giveOwnCode(writer: Writer, of: OwnPageOf): Promise<string | undefined> {
  const there = await ownCodeOf(writer, of);
  if (there) return there;
  for (;;) {
    const code = newOwnCode();
    const bound = await bindOwnCode(writer, code, of);
    if (bound === "nobody") return undefined;
    if (bound === "new") return code;
  }
}

/** The codes by which a visitor gets at a question that they asked by themselves. */
export async function codesOfQuestion(read: Reader, questionId: string): Promise<string[]> {
  const rows = await read
    .selectFrom("visitor_codes")
    .select("code")
    .where("question_id", "=", questionId)
    .orderBy("code")
    .execute();
  return rows.map((row) => row.code);
}

async function hasDetails(writer: Writer, of: OwnPageOf): Promise<boolean> {
  const row =
    "visitId" in of
      ? await writer
          .selectFrom("contacts")
          .select("visit_id")
          .where("visit_id", "=", of.visitId)
          .executeTakeFirst()
      : await writer
          .selectFrom("visitor_questions")
          .select("id")
          .where("id", "=", of.questionId)
          .where("contact", "is not", null)
          .executeTakeFirst();
  return row !== undefined;
}
