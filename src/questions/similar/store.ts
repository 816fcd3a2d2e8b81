import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { mergeQuestions } from "../merging/store";
import { withoutPersonal } from "../personal/rules";
import type { Taker } from "../rules";
import { visitorsOf } from "../slips/store";
import type { Suggester } from "../suggestions/store";
import { type Answered, eachOnce } from "./rules";

/**
 * Answered questions like a text that somebody is typing, the closest first, `most` at most. Names and addresses of
 * those who asked them are cut out. `except`: a question that is not meant.
 */
export async function answeredLike(
  read: Reader,
  suggester: Suggester,
  text: string,
  { most, except }: { most: number; except?: string },
): Promise<Answered[]> {
  const close = (await suggester.answeredLike(read, text, 3 * most)).filter(({ id }) => id !== except);
  if (close.length === 0) return [];
  const rows = await read
    .selectFrom("questions")
    .select(["id", "merged_into", "text", "answer"])
    .where(
      "id",
      "in",
      close.map(({ id }) => id),
    )
    .where("state", "in", ["answered", "closed"])
    .where("answer", "is not", null)
    .execute();
  const inOrder = close.flatMap(({ id }) => rows.find((row) => row.id === id) ?? []);
  return Promise.all(
    eachOnce(inOrder, most).map(async ({ id, merged_into, text: asked, answer }) => {
      const visitors = await visitorsOf(read, merged_into ?? id);
      return {
        id: merged_into ?? id,
        text: withoutPersonal(asked, visitors, "known"),
        answer: withoutPersonal(answer ?? "", visitors, "known"),
      };
    }),
  );
}

/**
 * Puts a new question together with one that was answered before: that answer is its answer too. Once is enough; twice
 * is the same. Throws `conflict` where somebody has done something else with either of them meanwhile.
 */
export async function answerWith(
  writer: Writer,
  questionId: string,
  answeredId: string,
  { by, now }: { by: Taker; now: Instant },
): Promise<void> {
  const rows = await writer
    .selectFrom("questions")
    .select(["id", "version", "state", "answer", "merged_into"])
    .where("id", "in", [questionId, answeredId])
    .where("hidden", "=", 0)
    .execute();
  const [own, other] = [questionId, answeredId].map((id) => rows.find((row) => row.id === id));
  if (!own || !other) throw new Problem("missing", "refused.not-here");
  if (own.merged_into === other.id) return;
  if (own.state !== "open" || other.answer === null) throw new Problem("conflict", "refused.not-same");
  await mergeQuestions(writer, other, [own], { by, now });
}
