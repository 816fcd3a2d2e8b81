import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Route } from "../../src/http/route";
import type { Who } from "./cast";

/** The names of all fields that any page has: what a stranger would play with. */
export function fieldNames(): string[] {
  const folder = path.resolve(__dirname, "../../views");
  const views = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ejs"),
  );
  const names = views.flatMap((file) => [
    ...readFileSync(path.join(folder, file), "utf8").matchAll(/\sname="([\w.]+)"/g),
  ]);
  const queries = [
    "event",
    "project",
    "expert",
    "topic",
    "state",
    "day",
    "staff",
    "category",
    "booth",
    "language",
    "look",
  ];
  const more = [
    "q",
    "search",
    "before",
    "after",
    "visit",
    "undone",
    "said",
    "next",
    "saved",
    "codes",
    "paper",
    "by",
    "format",
  ];
  return [...new Set([...names.map((match) => match[1] as string), ...queries, ...more])];
}

/** Who a route is for, most of all. */
export const ITS_OWN: Record<Route["who"], Who> = { anyone: "nobody", staff: "bob", organizer: "organizer" };
