import { checkCapacity } from "../../../src/questions/answering/form";
import {
  absenceInWords,
  dueInWords,
  fewerAndMore,
  weeklyInWords,
} from "../../../src/questions/answering/rules";

const at = (text: string) => Date.parse(text);

test.each([
  [
    "Wed 7 Feb",
    "Europe/Brussels",
    "2024-02-07T23:00Z",
    "2024-02-03T11:00Z",
    "Please answer by Wed 7 Feb",
    false,
  ],
  [
    "tomorrow",
    "Europe/Brussels",
    "2024-02-04T23:00Z",
    "2024-02-03T11:00Z",
    "Please answer by tomorrow",
    false,
  ],
  ["today", "Europe/Brussels", "2024-02-03T23:00Z", "2024-02-03T22:59Z", "Please answer today", true],
  [
    "over since midnight",
    "Europe/Brussels",
    "2024-02-03T23:00Z",
    "2024-02-03T23:00Z",
    "Was awaited by Sat 3 Feb",
    true,
  ],
  [
    "today where the expert is",
    "Pacific/Auckland",
    "2024-02-05T11:00Z",
    "2024-02-04T11:00Z",
    "Please answer today",
    true,
  ],
  [
    "over the change of the clocks",
    "Europe/Brussels",
    "2024-03-31T22:00Z",
    "2024-03-30T22:30Z",
    "Please answer by tomorrow",
    false,
  ],
])("an answer that is due %s is said so", (_when, zone, due, now, words, isPressing) => {
  expect(dueInWords(at(due), zone, at(now))).toEqual({ words, isPressing });
});

test("fewer and more lead from none to as many as come, and back the same way", () => {
  const up: (number | null)[] = [0];
  while (up.at(-1) !== null) up.push(fewerAndMore(up.at(-1) as number).more as number | null);
  const down: (number | null)[] = [null];
  while (down.at(-1) !== 0) down.push(fewerAndMore(down.at(-1) as number | null).fewer as number);
  expect(down).toEqual([...up].reverse());
  expect(fewerAndMore(0)).not.toHaveProperty("fewer", expect.anything());
  expect(fewerAndMore(null).more).toBeUndefined();
});

test("a number that is none of the rungs leads to the next one either way", () => {
  expect(fewerAndMore(7)).toEqual({ fewer: 5, more: 8 });
  expect(fewerAndMore(200)).toEqual({ fewer: 12, more: null });
  expect([null, 0, 7].map(weeklyInWords)).toEqual(["as many as come", "none just now", "up to 7 a week"]);
});

test.each([
  [null, null, undefined],
  ["2024-01-01", "2024-02-02", undefined],
  ["2024-02-01", "2024-02-03", "You are away until Sat 3 Feb 2024."],
  ["2024-02-05", "2024-02-09", "You are away from Mon 5 Feb 2024 until Fri 9 Feb 2024."],
  ["2024-02-01", null, "You are away until you say that you are back."],
  [null, "2024-02-04", "You are away until Sun 4 Feb 2024."],
])("away from %s until %s is said so", (from, until, words) => {
  expect(absenceInWords(from, until, "2024-02-03")).toBe(words);
});

test.each([
  [{ weekly: "3" }, { weekly: 3 }],
  [{ weekly: "any" }, { weekly: null }],
  [{ weekly: "9999" }, { weekly: 1000 }],
  [{}, {}],
  [{ awayFrom: "2024-02-05", awayUntil: "" }, { away: { from: "2024-02-05", until: null } }],
  [{ awayFrom: "", awayUntil: "" }, { away: { from: null, until: null } }],
])("%j is what an expert says of their time", (body, value) => {
  expect(checkCapacity(body, "2024-02-03")).toEqual({ ok: true, value });
});

test.each([
  [{ weekly: "-1" }, "weekly"],
  [{ weekly: "many" }, "weekly"],
  [{ awayFrom: "2024-02-30" }, "awayFrom"],
  [{ awayFrom: "2024-02-09", awayUntil: "2024-02-05" }, "awayUntil"],
  [{ awayUntil: "2024-02-02" }, "awayUntil"],
])("%j is not taken", (body, field) => {
  expect(checkCapacity(body, "2024-02-03")).toMatchObject({ ok: false, problems: [{ field }] });
});
