import { DateTime } from "luxon";
import type { Instant, QuestionState } from "../../database/tables";
import type { Language, MessageKey } from "../../languages/say";

/** Where a question stands, as its visitor is told. */
export type Told = "held" | "waiting" | "in-hand" | "answered" | "closed";

const TOLD: Record<QuestionState, Told> = {
  open: "waiting",
  routed: "in-hand",
  answered: "answered",
  closed: "closed",
};

/** What is told of a question in this state; `held` until staff have looked at what a visitor asked. */
export function toldOf(state: QuestionState | undefined): Told {
  return state === undefined ? "held" : TOLD[state];
}

/** The way of a question as its visitor sees it, and how far it has come. */
export const STATIONS = ["asked", "with-somebody", "answered"] as const;
export function stationsPassed(told: Told): number {
  return { held: 0, waiting: 1, "in-hand": 2, answered: 3, closed: 3 }[told];
}

export const TOLD_WORDS: Record<Told, MessageKey> = {
  held: "visitor.state-held",
  waiting: "visitor.state-waiting",
  "in-hand": "visitor.state-in-hand",
  answered: "visitor.state-answered",
  closed: "visitor.state-closed",
};

/** A day as the visitor reads it: "3 February 2024", "3. Februar 2024", "2024年2月3日". */
export function dayInFull(at: Instant, timeZone: string, language: Language): string {
  const locale = language === "en" ? "en-GB" : language;
  return DateTime.fromMillis(at, { zone: timeZone }).setLocale(locale).toLocaleString(DateTime.DATE_FULL);
}

/** Papers that slips are printed on. A sheet of labels has ten: 105 × 57 mm, two by five, 6 mm above and below. */
export const PAPERS = ["label", "a4"] as const;
export type Paper = (typeof PAPERS)[number];
export const A_SHEET = 10;
/** So many at once fit into an address and on the paper of a small printer. */
export const MOST_AT_ONCE = 100;

/** Slips as they lie on sheets: ten a sheet, in the order given. */
export function onSheets<S>(slips: S[]): S[][] {
  const sheets: S[][] = [];
  for (let from = 0; from < slips.length; from += A_SHEET) sheets.push(slips.slice(from, from + A_SHEET));
  return sheets;
}
