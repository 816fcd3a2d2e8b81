import {
  dayInFull,
  onSheets,
  stationsPassed,
  toldOf,
  withoutPersonal,
} from "../../../src/questions/slips/rules";
import { NOON } from "../../support/databases";

const nobody = { name: null, email: null, phone: null, handle: null };
const zoe = {
  ...nobody,
  name: "Zoë Müller",
  email: "zoe@visitor.example",
  phone: "+49 30 1234",
  handle: "@zoe",
};
const will = { ...nobody, name: "Will Rose" };

describe("an answer that everybody with the code reads", () => {
  test.each([
    ["Dear Zoë Müller, it does.", "Dear …, it does."],
    ["Zoë: it does.", "…: it does."],
    ["Hallo Frau Müller!\nJa.", "Hallo Frau …!\nJa."],
    ["We wrote to zoe@visitor.example and ZOE@VISITOR.EXAMPLE.", "We wrote to … and …."],
    ["Call +49 30 1234 or @zoe.", "Call … or …."],
    ["zoë  müller asked this.", "… asked this."],
  ])("leaves out who asked: %s", (text, shown) => {
    expect(withoutPersonal(text, [nobody, zoe])).toBe(shown);
  });

  test("leaves out everybody who asked the same", () => {
    expect(withoutPersonal("Zoë Müller and Will Rose asked.", [zoe, will])).toBe("… and … asked.");
  });

  test("keeps words that are names too, where nobody is addressed", () => {
    const text = "It will work. A rose is a rose; see https://will.example/rose.";
    expect(withoutPersonal(text, [will])).toBe(text);
    expect(withoutPersonal("Will, it works.", [will])).toBe("…, it works.");
  });

  test("keeps parts of longer words, and brackets in names are no pattern", () => {
    const bob = { ...nobody, name: "Bob (Jr.)", handle: "a+b*" };
    expect(withoutPersonal("Bobbin, Bob (Jr.), a+b*, aab", [bob])).toBe("Bobbin, …, …, aab");
  });
});

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
