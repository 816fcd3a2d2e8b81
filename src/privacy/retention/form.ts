import * as z from "zod";
import { type Checked, check } from "../../errors";
import { dayForm } from "../../events/form";
import { dayInWords } from "../../events/rules";
import { words } from "../../text";
import { furthestDay, lastDayOf, MOST_DAYS_KEPT, type Retention } from "./rules";

/** What the organizer chooses: so many days after the event, or a day of its own, and why. */
export function checkRetention(
  body: unknown,
  event: { ends_on: string; time_zone: string },
  kept: Pick<Retention, "days" | "until">,
): Checked<Pick<Retention, "days" | "until" | "reason">> {
  const form = z
    .object({
      days: words(10)
        .regex(/^\d{1,4}$/, "This should be a number of days.")
        .transform(Number)
        .refine(
          (days) => days <= MOST_DAYS_KEPT,
          `${MOST_DAYS_KEPT} days at most: who wants to keep somebody longer asks them.`,
        ),
      until: z.union([z.literal(""), dayForm]).transform((day) => day || null),
      reason: words(300).default(""),
    })
    .check(({ value, issues }) => {
      const wrong = (field: string, message: string) =>
        issues.push({ code: "custom", path: [field], message, input: value });
      const { until } = value;
      if (until !== null && until < event.ends_on) {
        wrong("until", `The event ends on ${dayInWords(event.ends_on)}: not before that.`);
      }
      if (until !== null && until > furthestDay(event)) {
        wrong("until", `${dayInWords(furthestDay(event))} at the latest.`);
      }
      // What is no number of days was said above, and no day comes of it.
      if (!Number.isInteger(value.days)) return;
      // Visitors were told how long: keeping them longer needs a reason that somebody can be told.
      if (lastDayOf(event, value) > lastDayOf(event, kept) && value.reason === "") {
        wrong("reason", "They are kept longer then. Please say why.");
      }
    });
  return check(form, body);
}
