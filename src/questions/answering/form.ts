import * as z from "zod";
import { type Checked, check } from "../../errors";
import { isDay } from "../../events/rules";
import { words } from "../../text";

const MOST_WEEKLY = 1000;

const day = words(10).refine((text) => text === "" || isDay(text), "This should be a day.");

const capacity = z.object({
  weekly: z
    .string()
    .regex(/^(any|\d{1,4})$/, "Please say how many.")
    .transform((text) => (text === "any" ? null : Math.min(Number(text), MOST_WEEKLY)))
    .optional(),
  awayFrom: day.optional(),
  awayUntil: day.optional(),
});

/** What an expert says of their time: what is left out stays as it is. */
export interface SaidOfTime {
  /** Questions a week; null: as many as come. */
  weekly?: number | null;
  /** First and last day away, YYYY-MM-DD in their zone; null where that end is open, both null: there. */
  away?: { from: string | null; until: string | null };
}

/** `today` is the day where the expert is. */
export function checkCapacity(body: unknown, today: string): Checked<SaidOfTime> {
  const form = check(capacity, body ?? {});
  if (!form.ok) return form;
  const { weekly, awayFrom, awayUntil } = form.value;
  const said: SaidOfTime = weekly === undefined ? {} : { weekly };
  if (awayFrom !== undefined || awayUntil !== undefined) {
    said.away = { from: awayFrom || null, until: awayUntil || null };
    const { from, until } = said.away;
    const problem = (message: string) => ({
      ok: false as const,
      problems: [{ field: "awayUntil", message }],
    });
    if (from && until && until < from) return problem("The last day comes before the first.");
    if (until && until < today) return problem("That day is over.");
  }
  return { ok: true, value: said };
}
