import { DateTime } from "luxon";
import type { Instant } from "../database/tables";
import type { FieldProblem } from "../errors";
import { localTime } from "../events/rules";
import type { EventFile } from "./form";
import type { Outcome } from "./store";

/** A record that could not be taken: where it stands in the file, and why. */
export interface BadRecord {
  /** As in `visits[17].contact.email`. */
  place: string;
  /** The record's own id, where it has one. */
  id?: string;
  message: string;
}

/** A place in a file as people write it: `visits`, 17, `questions.0.text` → `visits[17].questions[0].text`. */
export function placeOf(list: string, index: number, field: string): string {
  const steps = field.split(".").filter(Boolean);
  return `${list}[${index}]${steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join("")}`;
}

/** The problems of one record, each with its place in the file. */
export function badRecords(
  list: string,
  index: number,
  problems: FieldProblem[],
  id?: string | null,
): BadRecord[] {
  return problems.map(({ field, message }) => ({
    place: placeOf(list, index, field),
    ...(id && { id }),
    message,
  }));
}

/** Before this hour a day at a booth has nothing to show yet. */
const FIRST_FULL_HOUR = 11;

/**
 * The event as if its last day were today, or yesterday where today is still young: every day and instant moves by whole days on the clocks of `timeZone`,
 * which becomes the event's zone; ids stay. What would then be later than now is left out instead of being moved
 * closer: the hours that it was written for stay true, and the day looks like one that is under way.
 */
export function endingToday(file: EventFile, timeZone: string, now: Instant): EventFile {
  const { day: today, hour } = localTime(now, timeZone);
  const lastDay = DateTime.fromISO(today, { zone: "utc" }).minus({ days: hour < FIRST_FULL_HOUR ? 1 : 0 });
  const days = lastDay.diff(DateTime.fromISO(file.event.endsOn, { zone: "utc" }), "days").days;
  const day = (text: string) => DateTime.fromISO(text, { zone: "utc" }).plus({ days }).toISODate() as string;
  const instant = (at: Instant) =>
    DateTime.fromMillis(at, { zone: file.event.timeZone })
      .setZone(timeZone, { keepLocalTime: true })
      .plus({ days })
      .toMillis();
  const later = <R extends object>(record: R): R => {
    const times = Object.entries(record).filter(
      ([field, at]) => INSTANTS.has(field) && typeof at === "number",
    );
    return { ...record, ...Object.fromEntries(times.map(([field, at]) => [field, instant(at)])) };
  };
  return {
    ...file,
    event: { ...file.event, timeZone, startsOn: day(file.event.startsOn), endsOn: day(file.event.endsOn) },
    experts: file.experts.map((expert) => ({
      ...expert,
      awayFrom: expert.awayFrom && day(expert.awayFrom),
      awayUntil: expert.awayUntil && day(expert.awayUntil),
    })),
    giveaways: file.giveaways.map(later).map(({ ranOutAt, ...giveaway }) => ({
      ...giveaway,
      ranOutAt: ranOutAt && ranOutAt <= now ? ranOutAt : null,
    })),
    journal: file.journal.map(later).filter(({ at }) => at <= now),
    writeUp: file.writeUp && later(file.writeUp),
    asked: file.asked.map(later).filter(({ askedAt }) => askedAt <= now),
    visits: visitsMoved(file.visits, instant, now),
  };
}

/** The fields of a file that hold an instant. */
const INSTANTS = new Set(
  "at happenedAt saidAt askedAt dueAt claimedAt routedAt answeredAt madeAt ranOutAt changedAt publishedAt".split(
    " ",
  ),
);

function visitsMoved(
  visits: AsyncIterable<unknown>,
  instant: (at: Instant) => Instant,
  now: Instant,
): AsyncIterable<unknown> {
  const isInstant = (field: string, inside: string) => INSTANTS.has(field) || inside === "consentAt";
  const moved = (part: unknown, inside = ""): unknown => {
    if (Array.isArray(part)) return part.map((each) => moved(each, inside));
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([field, value]) => [
        field,
        typeof value === "string" && isInstant(field, inside) && !Number.isNaN(Date.parse(value))
          ? new Date(instant(Date.parse(value))).toISOString()
          : moved(value, field),
      ]),
    );
  };
  return {
    async *[Symbol.asyncIterator]() {
      for await (const visit of visits) {
        const later = moved(visit);
        const { happenedAt } = (later ?? {}) as { happenedAt?: string };
        if (!happenedAt || Date.parse(happenedAt) <= now) yield later;
      }
    },
  };
}

const NAMES: [keyof Outcome["lists"], string][] = [
  ["booths", "Booths"],
  ["projects", "Projects"],
  ["topics", "Topics"],
  ["platforms", "Platforms"],
  ["remarks", "Remarks"],
  ["giveaways", "Giveaways"],
  ["experts", "Experts"],
  ["journal", "Journal"],
  ["writeUp", "Write-up"],
  ["asked", "Asked by visitors"],
];

/** What came of an import, as a table that people read: the lists that the file has, and its visits. */
export function tableOf(outcome: Outcome): { what: string; added: number; there: number }[] {
  return [
    ...NAMES.map(([list, what]) => ({ what, ...outcome.lists[list] })),
    { what: "Visits", added: outcome.visits.added, there: outcome.visits.there },
  ].filter(({ added, there }) => added + there > 0);
}

/** What came of an import, besides the table: a sentence for each thing to know. */
export function notesOf({ event, isNewEvent, visits, questions, withoutWebhook }: Outcome): string[] {
  const some = (count: number, one: string, many: string) =>
    count === 0 ? [] : [count === 1 ? `One visit ${one}` : `${count} visits ${many}`];
  return [
    isNewEvent
      ? `${event.name} is a new event.`
      : `${event.name} was here already: its name, days and time zone stay as they are.`,
    ...(questions > 0
      ? [`With the visits came ${questions === 1 ? "one question" : `${questions} questions`}.`]
      : []),
    ...some(visits.updated, "was brought up to date.", "were brought up to date."),
    ...some(
      visits.conflict,
      "is here with other words. Both are kept until you choose.",
      "are here with other words. Both are kept until you choose.",
    ),
    ...some(
      visits.gone,
      "was deleted here, or its visitor was erased, and stays so.",
      "were deleted here, or their visitors were erased, and stay so.",
    ),
    ...(withoutWebhook.length > 0
      ? [
          `The address of a webhook is a secret, so it is not in the file. Give it again for: ${withoutWebhook.join(", ")}.`,
        ]
      : []),
  ];
}

/** Entries from two places as one list; a name that the first has already is taken from there. */
export function together<E extends { name: string }>(first: E[], second: E[]): E[] {
  const names = new Set(first.map(({ name }) => name.toLowerCase()));
  return [...first, ...second.filter(({ name }) => names.size < names.add(name.toLowerCase()).size)];
}

/** What came of an import, for the command line: the notes, the table, every bad record. */
export function outcomeInWords(outcome: Outcome): string {
  const rows = tableOf(outcome).map(
    ({ what, added, there }) =>
      `  ${what.padEnd(18)} ${String(added).padStart(7)} added ${String(there).padStart(7)} here already`,
  );
  const { bad } = outcome;
  const count = bad.length === 1 ? "One thing" : `${bad.length} things`;
  const list = bad.map(({ place, id, message }) => `  ${place}${id ? ` (id ${id})` : ""}: ${message}`);
  return [
    ...notesOf(outcome),
    "",
    ...rows,
    ...(bad.length > 0
      ? ["", `${count} in the file could not be taken. Mend and import it again:`, ...list]
      : []),
  ].join("\n");
}
