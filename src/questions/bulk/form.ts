import * as z from "zod";
import type { Priority } from "../../database/tables";
import { type Checked, check } from "../../errors";
import { words } from "../../text";
import { answer, remark, shownQuestion } from "../form";
import type { Shown } from "../merging/store";
import { PRIORITIES } from "../rules";

const MOST = 200;

/** What a browser sends once is a text, and a list where it sends it twice. */
const several = <T extends z.ZodType>(each: T) =>
  z.preprocess(
    (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
    z.array(each).max(MOST, `No more than ${MOST} at once, please.`),
  );

/** An expert by the slug for one question: what its row suggested. */
const suggested = z
  .string()
  .regex(/^[0-9a-f-]{36}\.[\w-]{1,80}$/)
  .transform((text) => [text.slice(0, 36), text.slice(37)] as const);

const many = z.object({
  question: several(shownQuestion).refine((list) => list.length > 0, "Please select a question first."),
});
const expert = z.object({
  expert: z.string("Please choose who gets them.").pipe(words(80).min(1, "Please choose who gets them.")),
});
const ACTIONS = {
  route: expert,
  suggested: z.object({ suggested: several(suggested) }),
  answer,
  close: remark,
  priority: z.object({ priority: z.enum(PRIORITIES, "Please choose how soon.") }),
  topic: z.object({ topic: z.string("Please choose a topic.").pipe(words(80)) }),
  merge: z.object({}),
};

/** What is done with several questions at once. Experts and topics by their slugs. */
export type BulkAction =
  | { kind: "route"; expert: string }
  | { kind: "suggested"; experts: Map<string, string> }
  | { kind: "answer"; answer: string }
  | { kind: "close"; note?: string }
  | { kind: "priority"; priority: Priority }
  | { kind: "topic"; topic: string }
  | { kind: "merge" };

export interface BulkForm {
  questions: Shown[];
  action: BulkAction;
}

/** A form of the bar below the queue: which questions, as they were shown, and what is done with them. */
export function checkBulk(body: unknown): Checked<BulkForm> {
  const sent = (body ?? {}) as Record<string, unknown>;
  const selected = check(many, sent);
  const kind = Object.keys(ACTIONS).find((each) => each === sent.action) as keyof typeof ACTIONS | undefined;
  const problems = selected.ok ? [] : selected.problems;
  if (!kind) {
    return { ok: false, problems: [...problems, { field: "action", message: "Please choose what to do." }] };
  }
  const given = check<z.ZodType>(ACTIONS[kind], sent);
  if (!given.ok) return { ok: false, problems: [...problems, ...given.problems] };
  if (!selected.ok) return { ok: false, problems };
  const value = given.value as Record<string, unknown>;
  const action = kind === "suggested" ? { experts: new Map(value.suggested as []) } : value;
  const questions = [...new Map(selected.value.question.map((each) => [each.id, each])).values()];
  return { ok: true, value: { questions, action: { kind, ...action } as BulkAction } };
}

/** How something that was done with a question is taken back. */
export type Undo =
  | { kind: "step"; id: string; version: number; step: string }
  | { kind: "priority"; id: string; version: number; priority: Priority }
  | { kind: "topic"; id: string; topic: string }
  | { kind: "split"; id: string };

/** As a form carries it along. */
export function undoText(undo: Undo): string {
  switch (undo.kind) {
    case "step":
      return `step.${undo.id}.${undo.version}.${undo.step}`;
    case "priority":
      return `priority.${undo.id}.${undo.version}.${undo.priority}`;
    case "topic":
      return `topic.${undo.id}.${undo.topic}`;
    case "split":
      return `split.${undo.id}`;
  }
}

const ID = "[0-9a-f-]{36}";

const undo = z.string().transform((text, context): Undo => {
  const [, id = "", version, step] = new RegExp(`^step\\.(${ID})\\.(\\d{1,9})\\.(${ID})$`).exec(text) ?? [];
  if (step) return { kind: "step", id, version: Number(version), step };
  const [, ofPriority = "", at, name] =
    new RegExp(`^priority\\.(${ID})\\.(\\d{1,9})\\.(\\w+)$`).exec(text) ?? [];
  const priority = PRIORITIES.find((each) => each === name);
  if (priority) return { kind: "priority", id: ofPriority, version: Number(at), priority };
  const [, ofTopic, topic = ""] = new RegExp(`^topic\\.(${ID})\\.([\\w-]{0,80})$`).exec(text) ?? [];
  if (ofTopic) return { kind: "topic", id: ofTopic, topic };
  const [, split] = new RegExp(`^split\\.(${ID})$`).exec(text) ?? [];
  if (split) return { kind: "split", id: split };
  context.addIssue({ code: "custom", message: "This cannot be taken back." });
  return z.NEVER;
});

const undos = z.object({
  undo: several(undo).refine((list) => list.length > 0, "There is nothing to take back."),
});

export function checkUndo(body: unknown): Checked<Undo[]> {
  const form = check(undos, body ?? {});
  return form.ok ? { ok: true, value: form.value.undo } : form;
}
