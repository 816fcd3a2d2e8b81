import type { FieldProblem } from "../../errors";
import { momentInWords } from "../../events/rules";
import type { Status } from "../../visits/form";
import { inFull, type Said } from "../../visits/rules";

/** What became of one record of a rescue file; `undone`: it was taken back on the tablet, and now here too. */
export type RescueStatus = Status | "undone";

/** What came of a rescue file, a sentence for each kind of thing; what was refused is told apart. */
export function rescueInWords(results: { status: RescueStatus; hasVersions: boolean }[]): string[] {
  const count = (status: RescueStatus) => results.filter((result) => result.status === status).length;
  const some = (number: number, one: string, many: string) =>
    number === 0 ? [] : [number === 1 ? `One visit ${one}` : `${number.toLocaleString("en")} visits ${many}`];
  if (results.length === 0) return ["Nothing waited on the tablet when this file was saved."];
  return [
    ...some(count("recorded"), "is new.", "are new."),
    ...some(count("updated"), "was brought up to date.", "were brought up to date."),
    ...some(count("replayed"), "was here already.", "were here already."),
    ...some(count("undone"), "had been undone, and is not counted.", "had been undone, and are not counted."),
    ...some(count("gone"), "was deleted here, and stays so.", "were deleted here, and stay so."),
    ...some(
      results.filter((result) => result.hasVersions).length,
      "is here with other words. All are kept until you choose.",
      "are here with other words. All are kept until you choose.",
    ),
  ];
}

/** A record that could not be taken, for typing it in: when it was, what it says, what is wrong. */
export function refusedInFull(
  { sent, problems }: { sent: unknown; problems: FieldProblem[] },
  clockOffset: number,
  timeZone: string,
): { when: string; said: Said[] } {
  const time = Date.parse(String((sent as { happenedAt?: unknown } | null)?.happenedAt));
  return {
    when: Number.isNaN(time) ? "" : momentInWords(time + clockOffset, timeZone),
    said: inFull(sent, problems),
  };
}
