/** A row's place in a list that is ordered by time: where a page ends and the next one begins. */
export interface Place {
  /** UTC milliseconds. */
  at: number;
  id: string;
}

/** What of a list is asked for: its first page, or the rows before or after a place. */
export interface Turn {
  before?: Place;
  after?: Place;
}

/** Rows that a page shows. */
export const PAGE_SIZE = 50;
/** Counts stop here: "1,000+" says as much as an exact number, and costs the same with any number of rows. */
export const COUNT_UP_TO = 1000;

/** A place as it stands in an address. */
export function placeText({ at, id }: Place): string {
  return `${at}.${id}`;
}

/** The place that an address names; undefined where it names none. */
export function placeFrom(text: unknown): Place | undefined {
  const match = typeof text === "string" ? /^(-?\d{1,15})\.([0-9a-f-]{1,40})$/.exec(text) : null;
  return match ? { at: Number(match[1]), id: match[2] as string } : undefined;
}

/** An address with the query parameters that say something, in the order given. */
export function addressWith(path: string, query: Record<string, string | undefined>): string {
  const said = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  return said.length > 0 ? `${path}?${new URLSearchParams(said)}` : path;
}

/** A count that was stopped at `COUNT_UP_TO`, as people read it. */
export function countInWords(count: number): string {
  return count > COUNT_UP_TO ? `${COUNT_UP_TO.toLocaleString("en")}+` : count.toLocaleString("en");
}

/** One query parameter or form field as text, trimmed; empty where there is none or several. */
export function oneText(value: unknown, most = 200): string {
  return typeof value === "string" ? value.replaceAll("\0", "").trim().slice(0, most) : "";
}
