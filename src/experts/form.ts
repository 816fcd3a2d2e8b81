import * as z from "zod";
import type { ExpertKind, Way } from "../database/tables";
import { type Checked, check, type FieldProblem } from "../errors";
import { EVENT_FIELDS, slugForm } from "../events/form";
import { words } from "../text";
import { EMAIL } from "../visits/form";
import { LANGUAGE_CODES } from "./rules";

export const KINDS = ["person", "mailing-list", "forum", "chat"] as const satisfies ExpertKind[];
export const WAYS = ["mail", "webhook", "hand"] as const satisfies Way[];

/** More than anybody answers in a week. */
const MOST_A_WEEK = 1000;
const MOST_NAMED = 200;

/** People and mailing lists are written to; forums and chats are opened. */
const isWrittenTo = (kind: string) => kind === "person" || kind === "mailing-list";

/** A name stands in one line: in lists, and at the head of mails. */
const name = words(200).overwrite((text) => text.replace(/\s+/g, " "));
const slugs = z.array(slugForm).max(MOST_NAMED);
const noText = words(10)
  .refine((text) => text === "")
  .transform(() => null);
const day = z.union([noText, EVENT_FIELDS.startsOn], "This should be a day, such as 2026-04-15.");

/** What the organizer can say of an expert, as forms and files have it. */
export const EXPERT_FIELDS = {
  name: name.min(1, "Please give a name."),
  kind: z.enum(KINDS, "Please say what it is."),
  address: words(500),
  topics: slugs,
  projects: slugs.overwrite((list) => [...list].sort()),
  languages: z
    .array(z.enum(LANGUAGE_CODES, "This is not one of the languages to choose from."))
    .overwrite((list) => [...list].sort()),
  timeZone: EVENT_FIELDS.timeZone,
  weekly: z.int().min(0).max(MOST_A_WEEK).nullable(),
  awayFrom: day,
  awayUntil: day,
  reachedBy: z.enum(WAYS, "Please say how questions reach them."),
  webhook: words(1000),
};

const expertForm = z.object({
  ...EXPERT_FIELDS,
  weekly: words(20)
    .regex(/^\d{0,6}$/, { error: `This should be a whole number, ${MOST_A_WEEK} at most.`, abort: true })
    .transform((text) => (text === "" ? null : Number(text)))
    .refine(
      (count) => count === null || count <= MOST_A_WEEK,
      `This should be a whole number, ${MOST_A_WEEK} at most.`,
    ),
  hidden: z.boolean(),
});

/**
 * What the organizer says of an expert. Topics and projects are slugs, topics in the order in which they would rather
 * answer on them; no projects: all of them, no languages: whatever is asked, no `weekly`: as many as come.
 */
export type ExpertFields = z.output<typeof expertForm>;

/** What must hold between fields. `webhook` is the address that counts, whether it was typed or is kept. */
interface Between {
  kind: string;
  address: string;
  reachedBy: string;
  webhook: string;
  awayFrom: string | null;
  awayUntil: string | null;
}

/** Every problem with how an expert is reached and when they are away. */
export function problemsBetween(fields: Between): FieldProblem[] {
  const problems = {
    reachedBy: problemWithWay(fields),
    webhook: problemWithWebhook(fields),
    awayUntil: problemWithAbsence(fields),
  };
  return Object.entries(problems).flatMap(([field, message]) => (message ? [{ field, message }] : []));
}

function problemWithAddress({ kind, address, reachedBy }: Between): string | undefined {
  if (isWrittenTo(kind)) {
    if (address === "") {
      return reachedBy === "mail"
        ? "Please give a mail address, or choose another way to reach them."
        : undefined;
    }
    return EMAIL.test(address) ? undefined : "This does not look like a mail address.";
  }
  if (!(KINDS as readonly string[]).includes(kind)) return undefined;
  if (address === "") return "Please give the address of its page: https://…";
  return isOnTheWeb(address) ? undefined : "This should be an address that starts with https:// or http://.";
}

function problemWithWay({ kind, address, reachedBy }: Between): string | undefined {
  if (reachedBy !== "mail") return undefined;
  if (kind === "forum" || kind === "chat") {
    return "A forum or a chat has no mailbox. Choose a webhook, or by hand.";
  }
  return address === "" || EMAIL.test(address) ? undefined : "There is no mail address to write to.";
}

function problemWithWebhook({ reachedBy, webhook }: Between): string | undefined {
  if (reachedBy !== "webhook") return undefined;
  if (webhook === "") return "Please give the webhook's address: https://…";
  return isOnTheWeb(webhook) ? undefined : "This should be an address that starts with https:// or http://.";
}

function problemWithAbsence({ awayFrom, awayUntil }: Between): string | undefined {
  return awayFrom && awayUntil && awayUntil < awayFrom ? "The last day away is before the first." : undefined;
}

function isOnTheWeb(address: string): boolean {
  return !/\s/.test(address) && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}

/** How somebody is reached where nobody says: by mail where there is a mailbox. */
export function usualWay({
  kind,
  address,
  webhook,
}: {
  kind: string;
  address: string;
  webhook: string;
}): Way {
  if (webhook !== "") return "webhook";
  return isWrittenTo(kind) && EMAIL.test(address) ? "mail" : "hand";
}

/** The form as it was typed: text for every field, so that it can stand in the page again. */
export interface TypedExpert {
  name: string;
  kind: string;
  address: string;
  topics: string[];
  projects: string[];
  languages: string[];
  timeZone: string;
  weekly: string;
  awayFrom: string;
  awayUntil: string;
  reachedBy: string;
  webhook: string;
  hidden: boolean;
}

/** The form as it was sent. `timeZone` counts where no field for it was. */
export function typedExpert(body: Record<string, unknown> | undefined, timeZone: string): TypedExpert {
  const one = (field: string) => {
    const value = body?.[field];
    return typeof value === "string" ? value : "";
  };
  const some = (field: string) => [
    ...new Set(
      [body?.[field]].flat().filter((value): value is string => typeof value === "string" && value !== ""),
    ),
  ];
  const [kind, address, webhook] = [one("kind"), one("address"), one("webhook")];
  return {
    name: one("name"),
    kind,
    address,
    topics: some("topics"),
    projects: some("projects"),
    languages: some("languages"),
    timeZone: body?.timeZone === undefined ? timeZone : one("timeZone"),
    weekly: one("weekly"),
    awayFrom: one("awayFrom"),
    awayUntil: one("awayUntil"),
    reachedBy: body?.reachedBy === undefined ? usualWay({ kind, address, webhook }) : one("reachedBy"),
    webhook,
    hidden: body?.hidden === "yes",
  };
}

/**
 * Checks what was typed. `keptWebhook` is the address that is kept where none was typed: it is a secret, so the page does
 * not show it. An address that nobody is reached by is not kept.
 */
export function checkExpert(typed: TypedExpert, keptWebhook = ""): Checked<ExpertFields> {
  const webhook = typed.reachedBy === "webhook" ? typed.webhook.trim() || keptWebhook : "";
  const whole = { ...typed, webhook };
  const form = check(expertForm, whole);
  const tidied = form.ok ? form.value : { ...whole, address: typed.address.trim() };
  const message = problemWithAddress(tidied);
  const problems = [
    ...(form.ok ? [] : form.problems),
    ...(message ? [{ field: "address", message }] : []),
    ...problemsBetween(tidied),
  ];
  if (!form.ok || problems.length > 0) return { ok: false, problems: once(problems) };
  return form;
}

/** The first problem of each field. */
function once(problems: FieldProblem[]): FieldProblem[] {
  return problems.filter(({ field }, index) => problems.findIndex((each) => each.field === field) === index);
}

/** What an event file says of an expert; whatever is left out is as a new expert has it, the zone as the event has it. */
export const expertOfFile = z
  .strictObject({
    slug: slugForm,
    name: name.min(1),
    kind: z.enum(KINDS),
    address: words(500).default(""),
    topics: listOf(slugForm, MOST_NAMED),
    projects: listOf(slugForm, MOST_NAMED),
    languages: listOf(
      z.enum(LANGUAGE_CODES, "This should be the code of a language, such as de."),
      LANGUAGE_CODES.length,
    ),
    timeZone: EXPERT_FIELDS.timeZone.nullish(),
    weekly: EXPERT_FIELDS.weekly.default(null),
    awayFrom: EVENT_FIELDS.startsOn.nullable().default(null),
    awayUntil: EVENT_FIELDS.startsOn.nullable().default(null),
    reachedBy: z.enum(WAYS).nullish(),
    webhook: words(1000).default(""),
    hidden: z
      .boolean()
      .nullish()
      .transform((hidden) => hidden ?? false),
  })
  .transform((expert) => ({
    ...expert,
    languages: [...expert.languages].sort(),
    reachedBy: expert.reachedBy ?? usualWay(expert),
  }))
  .check(({ value, issues }) => {
    if (value.reachedBy === "mail" && value.address === "") {
      const message = "There is no mail address to write to.";
      issues.push({ code: "custom", path: ["reachedBy"], message, input: value });
    }
    for (const { field, message } of problemsBetween(value)) {
      // A file that the program wrote has no webhook's address: it is a secret, to be typed in again.
      if (field === "webhook" && value.webhook === "") continue;
      issues.push({ code: "custom", path: [field], message, input: value });
    }
  });

function listOf<T extends z.ZodType>(record: T, most: number) {
  return z
    .array(record)
    .max(most)
    .nullish()
    .transform((list) => [...new Set(list ?? [])]);
}

/** The count of changes that a form was made from; undefined where it does not say. */
export function shownRevision(body: Record<string, unknown> | undefined): number | undefined {
  const text = body?.revision;
  return typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
