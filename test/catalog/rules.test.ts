import { checkLines, checkList, MOST_ENTRIES } from "../../src/catalog/form";
import { moved, SENSIBLE_LISTS, withSlugs } from "../../src/catalog/rules";

/** Brussels, ten to two in the afternoon and some seconds. */
const CLOCK = { zone: "Europe/Brussels", now: Date.UTC(2024, 1, 3, 12, 50, 42) };
const KEPT = [
  { id: "s", name: "Storage" },
  { id: "n", name: "Networking" },
];

test("entries get slugs that nobody has", () => {
  const entries = ["C", "C++", "大", "小", "C#"].map((name) => ({ name }));
  expect(withSlugs("topics", entries, ["c"]).map((entry) => entry.slug)).toEqual([
    "c-2",
    "c-3",
    "topic",
    "topic-2",
    "c-4",
  ]);
});

test("an entry changes places with its neighbour, and stays where there is none", () => {
  expect(moved(["a", "b", "c"], "c", "up")).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b", "c"], "a", "down")).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b"], "a", "up")).toEqual(["a", "b"]);
  expect(moved(["a", "b"], "b", "down")).toEqual(["a", "b"]);
  expect(moved(["a", "b"], "x", "down")).toEqual(["a", "b"]);
});

test("the sensible lists have no entry twice, and every topic has keywords", () => {
  for (const list of Object.values(SENSIBLE_LISTS)) {
    const names = list.map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
  }
  for (const topic of SENSIBLE_LISTS.topics) expect(topic.keywords.length).toBeGreaterThan(3);
});

test("new topics are lines with their keywords behind a colon", () => {
  expect(checkLines("topics", "Storage: disk, nfs , disk\r\n\n  Backup \n")).toEqual({
    ok: true,
    value: [{ name: "Storage", keywords: ["disk", "nfs"] }, { name: "Backup" }],
  });
});

test("a colon in a remark is part of it", () => {
  expect(checkLines("remarks", "Said: easy")).toEqual({ ok: true, value: [{ name: "Said: easy" }] });
});

test("a giveaway's pieces are a whole number", () => {
  expect(checkLines("giveaways", "T-shirt: 200")).toEqual({
    ok: true,
    value: [{ name: "T-shirt", shipped: 200 }],
  });
  expect(checkLines("giveaways", "T-shirt: many")).toMatchObject({
    ok: false,
    problems: [{ message: "“T-shirt: many”: This should be a whole number, or empty." }],
  });
});

test("a list's form changes rows, adds lines and names what is to move", () => {
  const body = { "name.s": "Disks", "keywords.s": "disk, lun", added: "Backup: restore", up: "n" };
  expect(checkList("topics", body, KEPT, CLOCK)).toEqual({
    ok: true,
    value: {
      changed: [{ id: "s", name: "Disks", keywords: ["disk", "lun"] }],
      added: [{ name: "Backup", keywords: ["restore"] }],
      up: "n",
    },
  });
});

test("each problem of a list's form stands at its field", () => {
  const body = { "name.s": " ", "name.n": "Networking", added: "networking" };
  expect(checkList("platforms", body, KEPT, CLOCK)).toMatchObject({
    ok: false,
    problems: [
      { field: "name.s", message: "Please fill this in." },
      { field: "added.platforms", message: "“networking” is in this list already." },
    ],
  });
});

test("a name that is given to two rows is a problem", () => {
  expect(checkList("platforms", { "name.n": "storage" }, KEPT, CLOCK)).toMatchObject({
    ok: false,
    problems: [{ field: "name.n" }],
  });
});

test("a list cannot grow beyond what one form can send", () => {
  const added = Array.from({ length: MOST_ENTRIES - 1 }, (_, index) => `Entry ${index}`).join("\n");
  expect(checkList("remarks", { added }, KEPT, CLOCK)).toMatchObject({
    ok: false,
    problems: [{ field: "added.remarks" }],
  });
});

describe("a giveaway that has run out", () => {
  const row = { "name.s": "Sticker", "shipped.s": "100", "arrived.s": "90" };
  const changedBy = (body: Record<string, string>) => {
    const form = checkList("giveaways", { ...row, ...body }, KEPT, CLOCK);
    return form.ok ? form.value.changed[0] : form.problems;
  };

  test("did so in this minute when the button is pressed", () => {
    expect(changedBy({ ranOut: "s" })).toEqual({
      id: "s",
      name: "Sticker",
      shipped: 100,
      arrived: 90,
      ranOutAt: Date.UTC(2024, 1, 3, 12, 50),
    });
  });

  test("did so when somebody says better, on the clocks of the event", () => {
    expect(changedBy({ "ranOutAt.s": "2024-02-03T11:30" })).toMatchObject({
      ranOutAt: Date.UTC(2024, 1, 3, 10, 30),
    });
    expect(changedBy({ "ranOutAt.s": "at noon" })).toEqual([
      { field: "ranOutAt.s", message: "This should be a day and a time." },
    ]);
  });

  test("has not where it is taken back, and nothing is said of others", () => {
    expect(changedBy({ "ranOutAt.s": "2024-02-03T11:30", restocked: "s" })).toMatchObject({ ranOutAt: null });
    expect(changedBy({ "ranOutAt.s": "" })).toMatchObject({ ranOutAt: null });
    expect(changedBy({ ranOut: "n" })).toEqual({ id: "s", name: "Sticker", shipped: 100, arrived: 90 });
  });
});
