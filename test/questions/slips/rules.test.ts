import { dayInFull, onSheets, stationsPassed, toldOf } from "../../../src/questions/slips/rules";
import { NOON } from "../../support/databases";

test("a question comes as far as its state says", () => {
  const states = [undefined, "open", "routed", "answered", "closed"] as const;
  expect(states.map((state) => stationsPassed(toldOf(state)))).toEqual([0, 1, 2, 3, 3]);
});

test("a day is said as the visitor says it, in the time zone of the event", () => {
  const almostMidnight = NOON + 11.5 * 3_600_000;
  expect(dayInFull(almostMidnight, "Europe/Brussels", "en")).toBe("3 February 2024");
  expect(dayInFull(almostMidnight, "Asia/Tokyo", "en")).toBe("4 February 2024");
  expect(dayInFull(NOON, "Europe/Brussels", "de")).toBe("3. Februar 2024");
  expect(dayInFull(NOON, "Europe/Brussels", "ja")).toBe("2024年2月3日");
});

test("slips lie ten on a sheet", () => {
  expect(onSheets(Array.from({ length: 21 })).map((sheet) => sheet.length)).toEqual([10, 10, 1]);
  expect(onSheets([])).toEqual([]);
});
