import { checkEvent, checkJournal } from "../../src/events/form";
import {
  eventSlugs,
  freeSlug,
  hourAround,
  instantOf,
  isTimeZone,
  localTime,
  momentInWords,
  namedToday,
  phaseOf,
  TIME_ZONES,
} from "../../src/events/rules";
import fc from "../support/properties";

const at = (text: string) => Date.parse(text);

test("an hour in the zone lasts until the clocks there show another one", () => {
  expect(hourAround(at("2014-04-15T17:11:38.203Z"), "America/Los_Angeles")).toEqual({
    day: "2014-04-15",
    hour: 10,
    until: at("2014-04-15T18:00:00Z"),
  });
  expect(hourAround(at("2024-02-03T11:20:00Z"), "Asia/Kolkata")).toEqual({
    day: "2024-02-03",
    hour: 16,
    until: at("2024-02-03T11:30:00Z"),
  });
});

test("a moment is said with its year where that is not the year of now, on the clocks of the zone", () => {
  const lastMinute = at("2025-12-31T23:59:00Z");
  expect(momentInWords(lastMinute, "UTC")).toBe("31 Dec, 23:59");
  expect(momentInWords(lastMinute, "UTC", at("2025-01-01T00:00:00Z"))).toBe("31 Dec, 23:59");
  expect(momentInWords(lastMinute, "UTC", at("2026-01-01T00:00:00Z"))).toBe("31 Dec 2025, 23:59");
  expect(momentInWords(lastMinute, "Europe/Brussels", at("2026-01-01T00:00:00Z"))).toBe("1 Jan, 00:59");
});

test("a moment is said as the reader's language writes it, on the same clocks", () => {
  const moment = at("2024-02-03T11:07:00Z");
  const inWords = (language: string) =>
    ["2024-05-01T00:00:00Z", "2026-01-01T00:00:00Z"].map((now) =>
      momentInWords(moment, "Europe/Brussels", at(now), language),
    );
  expect(inWords("en")).toEqual(["3 Feb, 12:07", "3 Feb 2024, 12:07"]);
  expect(inWords("de")).toEqual(["3. Feb., 12:07", "3. Feb. 2024, 12:07"]);
  expect(inWords("ja")).toEqual(["2月3日 12:07", "2024年2月3日 12:07"]);
});

test("an hour that the clocks leave in its middle ends there", () => {
  // Until 2011 St. John's moved its clocks back at one past midnight, to the evening before.
  const before = hourAround(at("2010-11-07T02:30:20Z"), "America/St_Johns");
  expect(before).toEqual({ day: "2010-11-07", hour: 0, until: at("2010-11-07T02:31:00Z") });
  expect(hourAround(before.until, "America/St_Johns")).toMatchObject({ day: "2010-11-06", hour: 23 });
});

test("from an instant to the end of its hour, day and hour never change", () => {
  const zones = [
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Africa/Monrovia",
  ];
  const instant = fc.integer({ min: at("1975-01-01T00:00:00Z"), max: at("2040-01-01T00:00:00Z") });
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      instant,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (zone, from, part) => {
        const { day, hour, until } = hourAround(from, zone);
        expect(until).toBeGreaterThan(from);
        expect(localTime(from + Math.floor((until - 1 - from) * part), zone)).toEqual({ day, hour });
      },
    ),
    { numRuns: 500 },
  );
});

test("a time that is typed is read on the clocks of the event", () => {
  expect(instantOf("2014-04-15T12:40", "America/Los_Angeles")).toBe(at("2014-04-15T19:40:00Z"));
  expect(instantOf("half past nine", "America/Los_Angeles")).toBeUndefined();
});

test("zones are offered by the names that they have today", () => {
  expect(TIME_ZONES).toEqual(expect.arrayContaining(["Asia/Kolkata", "Europe/Kyiv", "UTC"]));
  expect(TIME_ZONES.filter((zone) => !isTimeZone(zone))).toEqual([]);
  expect(namedToday("Asia/Calcutta")).toBe("Asia/Kolkata");
  expect(namedToday("Europe/Brussels")).toBe("Europe/Brussels");
});

test("an event is ahead, running or over by the days of its own zone", () => {
  const event = { starts_on: "2024-02-02", ends_on: "2024-02-04", time_zone: "Pacific/Auckland" };
  expect(phaseOf(event, at("2024-02-01T10:59:59Z"))).toBe("ahead");
  expect(phaseOf(event, at("2024-02-01T11:00:00Z"))).toBe("running");
  expect(phaseOf(event, at("2024-02-04T11:00:00Z"))).toBe("over");
});

test("a taken address gets the next free number", () => {
  const taken = new Set(["camp", "camp-2"]);
  expect(freeSlug("camp", (slug) => taken.has(slug))).toBe("camp-3");
  expect(freeSlug("fair", (slug) => taken.has(slug))).toBe("fair");
});

test("an event's address never is that of another page", () => {
  const first = (name: string) => eventSlugs(name).next().value;
  expect(first("Café Événement 2026")).toBe("cafe-evenement-2026");
  expect(first("New")).toBe("new-2");
  expect(first("Import")).toBe("import-2");
  expect(first("大会")).toBe("event");
});

const FIELDS = {
  name: "Camp",
  venue: "Hall",
  timeZone: "europe/brussels",
  startsOn: "2024-02-02",
  endsOn: "2024-02-04",
};

test("a time zone is taken in any case of letters, and kept as it is written", () => {
  expect(checkEvent(FIELDS)).toMatchObject({ ok: true, value: { timeZone: "Europe/Brussels" } });
});

test.each([
  ["no name", { name: " " }, "name"],
  ["an offset instead of a zone", { timeZone: "+02:00" }, "timeZone"],
  ["a zone that does not exist", { timeZone: "Europe/Atlantis" }, "timeZone"],
  ["a day that the calendar does not have", { startsOn: "2024-02-30" }, "startsOn"],
  ["an end before the start", { endsOn: "2024-02-01" }, "endsOn"],
  ["a slip in the year", { endsOn: "2042-02-04" }, "endsOn"],
  ["a field that does not exist", { place: "Hall" }, "place"],
])("an event with %s is refused at that field alone", (_what, change, field) => {
  const form = checkEvent({ ...FIELDS, ...change });
  expect(form.ok ? [] : form.problems.map((each) => each.field)).toEqual([field]);
});

test("a journal's line without a time is of now", () => {
  const now = at("2024-02-03T11:00:00Z");
  expect(checkJournal({ text: "Lights out", at: "" }, "Europe/Brussels", now)).toEqual({
    ok: true,
    value: { text: "Lights out", at: now },
  });
  expect(checkJournal({ text: "", at: "soon" }, "Europe/Brussels", now)).toMatchObject({
    ok: false,
    problems: [{ field: "text" }, { field: "at" }],
  });
});
