import { checkLines, checkList, MOST_ENTRIES } from "../../src/catalog/form";
import { moved, SENSIBLE_LISTS, withSlugs } from "../../src/catalog/rules";

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
  expect(checkList("topics", body, KEPT)).toEqual({
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
  expect(checkList("platforms", body, KEPT)).toMatchObject({
    ok: false,
    problems: [
      { field: "name.s", message: "Please fill this in." },
      { field: "added.platforms", message: "“networking” is in this list already." },
    ],
  });
});

test("a name that is given to two rows is a problem", () => {
  expect(checkList("platforms", { "name.n": "storage" }, KEPT)).toMatchObject({
    ok: false,
    problems: [{ field: "name.n" }],
  });
});

test("a list cannot grow beyond what one form can send", () => {
  const added = Array.from({ length: MOST_ENTRIES - 1 }, (_, index) => `Entry ${index}`).join("\n");
  expect(checkList("remarks", { added }, KEPT)).toMatchObject({
    ok: false,
    problems: [{ field: "added.remarks" }],
  });
});
