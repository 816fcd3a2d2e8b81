import path from "node:path";
import { type Files, filesOf, importsOf, violationsOf } from "./support/architecture";

const SRC = path.resolve(__dirname, "../src");

test("the program keeps to the directions of the house", () => {
  const files = filesOf(SRC);
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining(["app.ts", "visits/rules.ts", "tablet/outbox.ts"]),
  );
  expect(violationsOf(files)).toEqual([]);
});

/** A small house in order. */
const HOUSE: Files = {
  "app.ts": 'import { visitRoutes } from "./visits/routes";\nimport { mount } from "./http/route";',
  "config.ts": "export const port = process.env.PORT;",
  "errors.ts": 'import type { z } from "zod";',
  "deps.ts": 'import type { Database } from "./database/open";',
  "database/open.ts": 'import { Kysely } from "kysely";\nimport type { Tables } from "./tables";',
  "database/tables.ts": 'import type { Generated } from "kysely";',
  "http/route.ts": 'import express from "express";',
  "http/pages.ts": 'import ejs from "ejs";',
  "events/rules.ts": 'import { DateTime } from "luxon";\n// new Date() is not for us, nor process.env',
  "events/store.ts": 'import type { Reader } from "../database/open";\nimport { localTime } from "./rules";',
  "visits/form.ts": 'import { z } from "zod";\nimport { check } from "../errors";',
  "visits/rules.ts":
    'import type { Instant } from "../database/tables";\nimport { type Visit, type Other } from "./store";',
  "visits/store.ts": 'import { sql } from "kysely";\nimport { eventById } from "../events/store";',
  "visits/routes.ts": 'import { route } from "../http/route";\nimport { record } from "./store";',
  "visits/list/rules.ts": 'import { decide } from "../rules";',
  "tablet/outbox.ts": 'import { openDB } from "idb";\nimport type { SentVisit } from "../visits/form";',
  "tablet/pages/capture.ts":
    'import { Outbox } from "../outbox";\nimport { check } from "../../visits/form";',
};

test("a house in order is found to be so", () => {
  expect(violationsOf(HOUSE)).toEqual([]);
});

test.each<[string, Files, string]>([
  [
    "rules that know Express",
    { "visits/rules.ts": 'import { Router } from "express";' },
    "visits/rules.ts reaches express",
  ],
  [
    "rules that reach the database around a corner",
    {
      "visits/rules.ts": 'import { eventById } from "../events/store";',
      "events/store.ts": 'import { sql } from "kysely";',
    },
    "visits/rules.ts reaches kysely",
  ],
  [
    "a form that opens the database",
    { "visits/form.ts": 'import { open } from "../database/open";' },
    "visits/form.ts reaches database/open.ts",
  ],
  [
    "rules that know the settings",
    { "events/rules.ts": 'import { port } from "../config";' },
    "events/rules.ts reaches config.ts",
  ],
  [
    "rules that read the clock",
    { "visits/rules.ts": "const now = Date.now();" },
    "visits/rules.ts reads the clock",
  ],
  [
    "rules that ask what day it is",
    { "visits/rules.ts": "const now = new Date();" },
    "visits/rules.ts reads the clock",
  ],
  [
    "rules of a part that ask the time",
    { "visits/list/rules.ts": "DateTime.now();" },
    "visits/list/rules.ts reads the clock",
  ],
  [
    "a form that looks around",
    { "visits/form.ts": "const { platform } = process;" },
    "visits/form.ts looks at the environment",
  ],
  [
    "a store that knows Express",
    { "visits/store.ts": 'import express from "express";' },
    "visits/store.ts reaches express",
  ],
  [
    "a store that shows pages",
    { "visits/store.ts": 'import { show } from "../http/pages";' },
    "visits/store.ts reaches http/pages.ts",
  ],
  [
    "a page's frame that knows a feature",
    { "http/pages.ts": 'import { x } from "../visits/rules";' },
    "http/ knows no feature",
  ],
  [
    "a database that knows a type of a feature",
    { "database/open.ts": 'import type { V } from "../visits/form";' },
    "database/ knows no feature",
  ],
  [
    "a delivery that knows what it delivers",
    { "delivery/loop.ts": 'import { x } from "../visits/rules";' },
    "delivery/ knows messages alone",
  ],
  [
    "routes that another feature uses",
    { "visits/store.ts": 'import { x } from "./routes";' },
    "only app.ts mounts routes",
  ],
  [
    "routes with a query",
    { "visits/routes.ts": 'db.read.selectFrom("visits");' },
    "visits/routes.ts has a query",
  ],
  ["routes with SQL", { "visits/routes.ts": "const x = sql`SELECT 1`;" }, "visits/routes.ts has a query"],
  [
    "routes with a driver",
    { "visits/routes.ts": 'import type { Kysely } from "kysely";' },
    "visits/routes.ts imports kysely",
  ],
  [
    "a feature that uses a later one",
    { "events/store.ts": 'import { x } from "../visits/rules";' },
    "events stands before visits",
  ],
  [
    "a feature that uses a later one's type",
    { "events/store.ts": 'import type { x } from "../visits/rules";' },
    "events stands before visits",
  ],
  [
    "a feature loaded later",
    { "events/store.ts": 'const x = await import("../visits/rules");' },
    "events stands before visits",
  ],
  [
    "a feature that hands on a later one",
    { "events/store.ts": 'export * from "../visits/rules";' },
    "events stands before visits",
  ],
  ["a feature of nobody", { "helpers/rules.ts": "" }, "helpers has no place in the line"],
  ["a file of another name", { "visits/utils.ts": "" }, "visits/utils.ts: a feature has only"],
  [
    "a tablet that reaches into the laptop",
    { "tablet/outbox.ts": 'import type { V } from "../visits/rules";' },
    "the tablet shares the protocol alone",
  ],
  [
    "a protocol that grows heavy",
    { "visits/form.ts": 'import { x } from "../events/rules";' },
    "the tablet would have to carry it",
  ],
  [
    "a laptop that runs the tablet's code",
    { "visits/store.ts": 'import { Outbox } from "../tablet/outbox";' },
    "the laptop runs no code of the tablet",
  ],
  ["settings read elsewhere", { "app.ts": "const port = process.env.PORT;" }, "app.ts reads the environment"],
  [
    "settings imported elsewhere",
    { "app.ts": 'import { env } from "node:process";' },
    "app.ts reads the environment",
  ],
  [
    "settings taken apart elsewhere",
    { "app.ts": "const { env } = process;" },
    "app.ts reads the environment",
  ],
  [
    "an import of what is not there",
    { "app.ts": 'import "./gone";' },
    "app.ts imports gone.ts, which is not there",
  ],
])("%s is found", (_what, change, sentence) => {
  expect(violationsOf({ ...HOUSE, ...change }).join("\n")).toContain(sentence);
});

test("imports are read however they are written", () => {
  const text = [
    'import a from "express";',
    'import * as b from "@scope/name/part";',
    'import type { C } from "./c";',
    'import { type D, type E } from "../d";',
    "import {\n  type F,\n  g,\n} from './g';",
    'export { h } from "./h";',
    'import "./i";',
    'const j = await import("./j");',
    'const k = require("node:path");',
  ].join("\n");
  expect(importsOf("x/y.ts", text)).toEqual([
    { of: "express", isType: false },
    { of: "@scope/name", isType: false },
    { of: "x/c.ts", isType: true },
    { of: "d.ts", isType: true },
    { of: "x/g.ts", isType: false },
    { of: "x/h.ts", isType: false },
    { of: "x/i.ts", isType: false },
    { of: "x/j.ts", isType: false },
    { of: "node:path", isType: false },
  ]);
});
