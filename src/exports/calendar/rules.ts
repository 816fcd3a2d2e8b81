import ICAL from "ical.js";
import type { Format } from "../formats/rules";
import type { Context, FollowUp } from "../rules";

// A line that is continued begins with a blank, which counts: RFC 5545, "Content Lines", 75 octets.
ICAL.foldLength = 74;

/** Control characters, which no text of a calendar or a card can hold (RFC 5545 and 6350, "TEXT"); line breaks are "\n". */
export function textForIcal(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/(?![\t\n\u0080-\u009F])\p{Cc}/gu, "");
}

/**
 * A calendar (iCalendar, RFC 5545) with a day for each question that is due. Events, because calendars that people have
 * leave out to-dos (docs/decisions/0027-exports.md). The title says nothing of who asked: calendars are shared.
 */
export function calendar({ event, clock, names, publicUrl }: Context): Format<FollowUp> {
  const [head] = String(calendarOf(`Follow-ups: ${event.name}`)).split("END:VCALENDAR");
  return {
    start: head as string,
    rows: (rows) =>
      rows
        .filter((row) => row.dueAt !== null)
        .map((row) => `${dayOf(row)}\r\n`)
        .join(""),
    end: "END:VCALENDAR\r\n",
  };

  function dayOf(row: FollowUp): ICAL.Component {
    const topic = row.topicId === null ? undefined : names.topics.get(row.topicId)?.name;
    const entry = new ICAL.Component("vevent");
    const add = (name: string, value: unknown) => entry.addPropertyWithValue(name, value as string);
    add("uid", `${row.id}@boothlight`);
    // When it was last revised, so that the same questions give the same calendar.
    add("dtstamp", ICAL.Time.fromJSDate(new Date(row.changedAt), true));
    add("sequence", row.version);
    // The time ends with the day: at midnight, which is the next one already.
    const due = clock.day((row.dueAt as number) - 1);
    add("dtstart", ICAL.Time.fromDateString(due));
    const next = ICAL.Time.fromDateString(due);
    next.adjust(1, 0, 0, 0);
    add("dtend", next);
    add(
      "summary",
      textForIcal(`Answer due: ${topic ?? "a question"}${row.expert ? ` (${row.expert})` : ""}`),
    );
    add("description", textForIcal(row.text));
    if (topic) add("categories", textForIcal(topic));
    if (publicUrl) add("url", `${publicUrl}/questions/${row.id}`);
    // Nobody is busy all day because of it.
    add("transp", "TRANSPARENT");
    return entry;
  }
}

function calendarOf(name: string): ICAL.Component {
  const all = new ICAL.Component("vcalendar");
  all.addPropertyWithValue("version", "2.0");
  all.addPropertyWithValue("prodid", "-//Boothlight//Boothlight//EN");
  all.addPropertyWithValue("x-wr-calname", textForIcal(name));
  return all;
}
