import * as z from "zod";
import type { Instant } from "../database/tables";
import { type Checked, check } from "../errors";
import { someWords, words } from "../text";
import { instantOf, isDay, isTimeZone, TIME_ZONES } from "./rules";

/** Longer than any conference; a slip in a year would make a report of ten thousand days. */
const MOST_DAYS = 92;

/** The short name of an event or of an entry, as addresses and exports have it. */
export const slugForm = words(80).regex(
  /^[a-z0-9]+(-[a-z0-9]+)*$/,
  "This should be small letters and digits, with single hyphens between them.",
);

const NO_DAY = "This should be a day, such as 2026-04-15.";
/** A day as YYYY-MM-DD. */
export const dayForm = words(10)
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: NO_DAY, abort: true })
  .refine(isDay, { error: NO_DAY, abort: true });

/** The zones by their names in small letters: people type "europe/brussels". */
const ZONES = new Map(TIME_ZONES.map((zone) => [zone.toLowerCase(), zone]));

const timeZone = words(60)
  .overwrite((text) => ZONES.get(text.toLowerCase()) ?? text)
  .refine(
    (text) => /^[a-z]/i.test(text) && isTimeZone(text),
    "This is not a time zone. Choose one from the list, such as Europe/Brussels.",
  );

/** An event's own fields, as forms and event files have them. */
export const EVENT_FIELDS = {
  name: someWords(200),
  venue: words(200).default(""),
  timeZone,
  startsOn: dayForm,
  endsOn: dayForm,
};

/** What must hold between an event's days. */
export function daysInOrder(ctx: z.core.ParsePayload<{ startsOn: string; endsOn: string }>): void {
  const { startsOn, endsOn } = ctx.value;
  const wrong = (message: string) =>
    ctx.issues.push({ code: "custom", path: ["endsOn"], message, input: endsOn });
  if (endsOn < startsOn) wrong("The last day is before the first.");
  else if (Date.parse(endsOn) - Date.parse(startsOn) >= MOST_DAYS * 86_400_000) {
    wrong(`These are more than ${MOST_DAYS} days. Is there a slip in one of the years?`);
  }
}

const eventForm = z.strictObject(EVENT_FIELDS).check(daysInOrder);
export type EventFields = z.output<typeof eventForm>;

export const checkEvent = (body: unknown): Checked<EventFields> => check(eventForm, body);

export const journalText = someWords(1000);

/** A line of the journal as it is typed: `at` on the clocks of the event, empty for now. */
export function checkJournal(
  body: unknown,
  zone: string,
  now: Instant,
): Checked<{ at: Instant; text: string }> {
  const form = z.strictObject({
    text: journalText,
    at: words(30)
      .default("")
      .transform((text, ctx) => {
        const at = text === "" ? now : instantOf(text, zone);
        if (at !== undefined) return at;
        ctx.addIssue({ code: "custom", message: "This should be a day and a time." });
        return z.NEVER;
      }),
  });
  return check(form, body);
}
