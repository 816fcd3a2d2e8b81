import { DateTime } from "luxon";
import type { Instant } from "../../database/tables";

/** Instants as a zone's clocks show them. */
export interface Clock {
  /** The zone's time as if it were UTC: what a spreadsheet, which knows no zones, takes for it. */
  wall(at: Instant): Date;
  /** "2014-04-15 10:11". */
  minute(at: Instant): string;
  /** ISO 8601 with the zone's offset: "2014-04-15T10:11:12.000+02:00". */
  iso(at: Instant): string;
  /** The day: YYYY-MM-DD. */
  day(at: Instant): string;
}

/** Clocks change at full quarters of an hour alone. */
const QUARTER = 15 * 60_000;
const MOST_KEPT = 10_000;

/**
 * The clock of a time zone, daylight saving included. Lists have hundreds of thousands of instants, and asking for the
 * offset is most of what it takes to write one: so it is asked for once a quarter of an hour.
 */
export function clockOf(timeZone: string): Clock {
  const offsets = new Map<number, number>();
  let [quarter, offset] = [Number.NaN, 0];
  /** Milliseconds that the zone is ahead of UTC. */
  const offsetAt = (at: Instant) => {
    const of = Math.floor(at / QUARTER);
    if (of === quarter) return offset;
    quarter = of;
    const known = offsets.get(of);
    if (known !== undefined) {
      offset = known;
    } else {
      offset = DateTime.fromMillis(of * QUARTER, { zone: timeZone }).offset * 60_000;
      if (offsets.size > MOST_KEPT) offsets.clear();
      offsets.set(of, offset);
    }
    return offset;
  };
  const wall = (at: Instant) => new Date(at + offsetAt(at));
  return {
    wall,
    minute: (at) => wall(at).toISOString().slice(0, 16).replace("T", " "),
    iso: (at) => wall(at).toISOString().slice(0, 23) + offsetInWords(offsetAt(at)),
    day: (at) => wall(at).toISOString().slice(0, 10),
  };
}

function offsetInWords(offset: number): string {
  const minutes = Math.abs(offset) / 60_000;
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}
