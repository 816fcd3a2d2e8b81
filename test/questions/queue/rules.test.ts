import { lookedAt, queueAddress } from "../../../src/questions/queue/form";
import {
  changeInWords,
  lookedPlaces,
  suggestionsByTopic,
  withPlace,
} from "../../../src/questions/queue/rules";
import { NOON } from "../../support/databases";

test("a cookie keeps when each queue was looked at, of many the last ones, and survives nonsense", () => {
  let cookie: string | undefined;
  for (let index = 0; index < 30; index++) cookie = withPlace(cookie, `event-${index}`, NOON + index);
  cookie = withPlace(cookie, "*", NOON);
  const places = lookedPlaces(cookie);
  expect(places.size).toBe(20);
  expect(places.get("event-29")).toBe(NOON + 29);
  expect(places.get("event-0")).toBeUndefined();
  expect(lookedPlaces(withPlace(cookie, "event-29", NOON + 99)).get("event-29")).toBe(NOON + 99);
  expect(lookedPlaces("~.~a.x~b.99999999999999999~c.7")).toEqual(new Map([["c", 7]]));
});

test.each([
  ["/events/fair/questions", true],
  ["/events/fair/questions?topic=x", true],
  ["/questions?event=fair", true],
  ["/questions/1", false],
  ["//evil.example/questions", false],
  ["https://evil.example/events/fair/questions", false],
  [["/questions"], false],
])("%s is a queue to go back to: %s", (back, isOne) => {
  expect(queueAddress(back) !== undefined).toBe(isOne);
});

test("nobody has looked in the future, or at what is no time", () => {
  expect(lookedAt(String(NOON + 5), NOON)).toBe(NOON);
  expect(lookedAt(String(NOON - 5), NOON)).toBe(NOON - 5);
  for (const text of ["", "-1", "1e9", "x", ["1"]]) expect(lookedAt(text, NOON)).toBeUndefined();
});

const step = {
  question_id: "q",
  at: NOON,
  actor: "organizer",
  actor_kind: "organizer" as const,
  expert: "Kai",
};

test.each([
  ["new", undefined],
  ["routed to Kai", { ...step, step: "routed" }],
  ["came back from Kai", { ...step, step: "given back" }],
  ["answered", { ...step, step: "answered" }],
  ["answered by Kai", { ...step, step: "answered", actor: "Kai", actor_kind: "expert" as const }],
])("what changed is said: %s", (words, last) => {
  expect(changeInWords(last)).toBe(words);
});

test("those who answer on the topic are suggested, three at most, and nobody who is no longer offered", () => {
  const expert = (name: string, topics: string[], hidden: 0 | 1 = 0) => ({
    id: name,
    slug: name.toLowerCase(),
    name,
    topics,
    hidden,
  });
  const experts = [
    expert("Ann", ["networking", "storage"]),
    expert("Ben", ["storage"]),
    expert("Cas", ["storage"], 1),
    expert("Dee", ["storage"]),
    expert("Eve", ["storage"]),
  ];
  const rows = [
    { id: "a", topic: "storage", topic_name: "Storage" },
    { id: "b", topic: null, topic_name: null },
  ];
  const found = suggestionsByTopic(rows, experts);
  expect(found.get("a")?.map((each) => each.name)).toEqual(["Ben", "Dee", "Eve"]);
  expect(found.get("a")?.[0]).toMatchObject({ slug: "ben", reason: "answers on Storage" });
  expect(found.get("b")).toEqual([]);
});
