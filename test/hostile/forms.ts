import { uuidv7 } from "uuidv7";
import type { Route } from "../../src/http/route";
import { aVisit } from "../support/booth";
import { type Cast, filled, named, pattern, unmarked, type Who } from "./cast";
import { send } from "./client";

/** What a route takes: as the page sends it that has a form for it, or as it is said below. `query`: of the address. */
export type Body = { query?: string } & (
  | { type: "form"; fields: [string, string][] }
  | { type: "json"; json: Record<string, unknown> }
  | { type: "files"; fields: [string, string][]; file: { name: string; content: string } }
);

const attribute = (tag: string, name: string) =>
  new RegExp(`\\s${name}(?:="([^"]*)")?(?=[\\s>/])`).exec(`${tag} `);
const unescaped = (text: string) =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#34;", '"')
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
const saidIn = (tag: string, name: string) => {
  const found = attribute(tag, name);
  return found ? unescaped(found[1] ?? "") : undefined;
};

export interface Form {
  action: string;
  method: string;
  isWithFile: boolean;
  fields: [string, string][];
}

/**
 * The forms of a page, each with the values that it comes with; where a field is empty, something to put in it. A button
 * that leads elsewhere is a form of its own.
 */
export function formsIn(html: string, address: string): Form[] {
  const forms: Form[] = [];
  for (const [, head = "", inside = ""] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    const id = saidIn(head, "id");
    const outside = id
      ? [
          ...html.matchAll(new RegExp(`<(?:input|select|textarea|button)\\b[^>]*\\sform="${id}"[^>]*>`, "g")),
        ].map((each) => each[0])
      : [];
    const fields: [string, string][] = [];
    const actions: { action: string; more: [string, string][] }[] = [];
    const own = saidIn(head, "action") ?? address;
    const radios = new Set<string>();
    for (const tag of [...(inside.match(/<(input|select|textarea|button)\b[^>]*>/g) ?? []), ...outside]) {
      const name = saidIn(tag, "name");
      const type = saidIn(tag, "type") ?? (tag.startsWith("<button") ? "submit" : "text");
      if (type === "submit") {
        const more: [string, string][] = name ? [[name, saidIn(tag, "value") ?? ""]] : [];
        actions.push({ action: saidIn(tag, "formaction") ?? own, more });
        continue;
      }
      if (!name || type === "file") continue;
      if (type === "radio" && radios.has(name)) continue;
      if (type === "radio") radios.add(name);
      fields.push([name, valueOfField(tag, name, inside)]);
    }
    if (actions.length === 0) actions.push({ action: own, more: [] });
    for (const { action, more } of actions) {
      forms.push({
        action:
          new URL(action, `http://booth${address}`).pathname +
          new URL(action, `http://booth${address}`).search,
        method: (saidIn(head, "method") ?? "get").toLowerCase(),
        isWithFile: saidIn(head, "enctype") === "multipart/form-data",
        fields: [...fields, ...more],
      });
    }
  }
  return forms;
}

function valueOfField(tag: string, name: string, inside: string): string {
  if (tag.startsWith("<select")) {
    const [, options = ""] = inside.slice(inside.indexOf(tag)).split(/<select\b[^>]*>|<\/select>/);
    const each = [...options.matchAll(/<option\b[^>]*>/g)].map(([option]) => option);
    const chosen =
      each.find((option) => / selected/.test(option)) ?? each.find((option) => saidIn(option, "value")) ?? "";
    return saidIn(chosen, "value") ?? "";
  }
  if (tag.startsWith("<textarea")) {
    const start = inside.indexOf(tag) + tag.length;
    const text = unescaped(inside.slice(start, inside.indexOf("</textarea>", start)));
    return text.trim() || LIKELY[name] || "Some words";
  }
  const value = saidIn(tag, "value") ?? (saidIn(tag, "type") === "checkbox" ? "on" : "");
  return value || (LIKELY[name] ?? LIKELY[saidIn(tag, "type") ?? ""] ?? "Some words");
}

/** What to put into an empty field, by its name or its type. */
const LIKELY: Record<string, string> = {
  homepage: "",
  email: "somebody@visitor.example",
  "contact.email": "somebody@visitor.example",
  address: "somebody@experts.example",
  webhook: "https://chat.example/hook",
  number: "3",
  people: "2",
  weekly: "3",
  date: "2024-02-03",
  awayFrom: "2024-02-03",
  awayUntil: "2024-02-04",
  "datetime-local": "2024-02-03T12:00",
  url: "https://somewhere.example",
  questionSlip: "",
  questionId: "",
  passphrase: "not the right one",
  again: "not the right one",
  until: "",
  interest: "2",
};

/** What programs and scripts send, where no page has a form for it. `cast`: ids are of what is there. */
function saidOf(cast: Cast, values: Record<string, string>): Record<string, Body> {
  const form = (fields: Record<string, string> = {}): Body => ({
    type: "form",
    fields: Object.entries(fields),
  });
  const query = (text: string): Body => ({ type: "form", fields: [...new URLSearchParams(text)] });
  const now = new Date(cast.booth.deps.now()).toISOString();
  const eventFile = {
    format: "boothlight-event",
    version: 2,
    event: {
      slug: "spring-camp",
      name: "Spring Camp",
      venue: "Ghent",
      timeZone: "Europe/Brussels",
      startsOn: "2024-02-02",
      endsOn: "2024-02-04",
    },
    topics: [{ slug: "storage", name: "Storage" }],
    visits: [{ id: uuidv7(), revision: 1, category: "new", happenedAt: now }],
  };
  const rescue = {
    boothlight: "rescue",
    version: 1,
    savedAt: now,
    event: "winter-camp",
    waiting: [{ visit: aVisit() }],
  };
  const experts = "name,kind,address,topics\nIvy,person,ivy@experts.example,storage\n";
  return {
    "POST /api/visits": {
      type: "json",
      json: {
        sentAt: now,
        visits: [
          aVisit({
            note: "x",
            questions: [{ id: uuidv7(), text: "Is it?" }],
            contact: { name: "N", consent: [] },
          }),
        ],
      },
    },
    "POST /api/standing": { type: "json", json: { waiting: 0, since: null, rescued: false, sentAt: now } },
    "POST /api/questions/:id/same": { type: "json", json: { as: cast.answered } },
    "POST /capture/visits/:id/restoration": form(),
    "POST /visits/:id/restoration": form(),
    "POST /asked/:id/return": form(),
    "POST /messages/:id/sending": form(),
    "POST /events/:slug/write-up/publication/end": form({ version: "1" }),
    "POST /questions/:id/return": form({ version: "1", note: "Not mine" }),
    "POST /questions/:id/reopening": form({ version: "1", note: "Not done" }),
    "POST /questions/:id/undo": form({ version: "1", step: uuidv7() }),
    "POST /questions/:id/split": form(),
    "POST /questions/bulk/undo": form({ undo: `split.${values["questions/:id"]}`, back: "/questions" }),
    "POST /pairing/end": form(),
    "POST /session/use": form(),
    "POST /backups": form(),
    "POST /backups/place": form({ place: "beside" }),
    "POST /backups/encryption": form({ passphrase: "four other good words", again: "four other good words" }),
    "POST /backups/encryption/end": form(),
    "POST /events/:slug/retention/seen": form(),
    "POST /me/:code/consents": form({ purpose: "news", language: "en" }),
    "GET /erasures/new": query(`visit=${values["visits/:id"]}`),
    "POST /questions/looked": form({ back: "/questions", at: String(cast.booth.deps.now()) }),
    "GET /compare.json": query("event=winter-camp&event=summer-camp"),
    "GET /events/:slug/compare.json": query("day=2024-02-02&day=2024-02-03"),
    "POST /events/import": {
      type: "files",
      fields: [],
      file: { name: "event.json", content: JSON.stringify(eventFile) },
    },
    "POST /events": {
      type: "files",
      fields: [
        ["name", "New one"],
        ["venue", "Ghent"],
        ["timeZone", "Europe/Brussels"],
        ["startsOn", "2024-02-02"],
        ["endsOn", "2024-02-04"],
        ["source", "sensible"],
      ],
      file: { name: "event.json", content: "" },
    },
    "POST /rescue-files": {
      type: "files",
      fields: [["event", "winter-camp"]],
      file: { name: "rescue.json", content: JSON.stringify(rescue) },
    },
    "POST /experts/import": { type: "files", fields: [], file: { name: "experts.csv", content: experts } },
  };
}

/**
 * What each route takes that takes something, by the route's name: from the forms of all pages, as each caller sees them;
 * of a route that is read, its query. Throws where nothing is known for a route that writes.
 */
export async function bodiesOf(cast: Cast, port: number): Promise<Map<string, Body>> {
  const bodies = new Map<string, Body>(Object.entries(saidOf(cast, cast.values)));
  const writing = cast.routes.filter((route) => route.method !== "get");
  const pages: { who: Who; address: string }[] = [];
  for (const who of ["organizer", "bob", "nobody"] as const) {
    for (const route of cast.routes.filter((each) => each.method === "get")) {
      pages.push({ who, address: filled(route, cast.own[who] ?? cast.values) });
    }
  }
  // Pages that are another one by what their address says.
  const own = cast.own.bob?.["visits/:id"];
  pages.push({ who: "bob", address: `/capture?visit=${own}` });
  pages.push({ who: "organizer", address: `/erasures/new?visit=${own}` });
  pages.push({ who: "organizer", address: "/events/winter-camp/questions?topic=storage" });
  pages.push({ who: "organizer", address: `/questions/${cast.values["questions/:id"]}?search=laptop` });
  for (const { who, address } of pages) {
    const headers = { Accept: "text/html", ...(await cast.identityOf(who)) };
    const { text } = await send(port, { about: "a page", target: address, headers });
    for (const form of formsIn(text, address)) {
      const [path = "", query] = form.action.split("?");
      const route = cast.routes.find((each) => each.method === form.method && pattern(each.path).test(path));
      if (!route || bodies.has(named(route))) continue;
      // Nobody sends what is another one's before it was shown to them.
      const fields = form.fields.map(([name, value]): [string, string] => [name, unmarked(value)]);
      bodies.set(named(route), { type: "form", fields, ...(query && { query }) });
    }
  }
  const without = writing.filter((route) => route.method === "post" && !bodies.has(named(route)));
  if (without.length > 0) {
    throw new Error(
      `No page has a form for ${without.map(named).join(", ")}: test/hostile/forms.ts says what is sent there.`,
    );
  }
  return bodies;
}

const BOUNDARY = "----boothlight";

/** A body as it goes over the wire, with its type. */
export function encoded(body: Body): { headers: Record<string, string>; body: string } {
  if (body.type === "json") {
    return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body.json) };
  }
  if (body.type === "form") {
    return {
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(body.fields).toString(),
    };
  }
  const parts = body.fields.map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  parts.push(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${body.file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n${body.file.content}\r\n`,
  );
  return {
    headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: `${parts.join("")}--${BOUNDARY}--\r\n`,
  };
}

/** Every name of a field, with a value that is good. */
export function fieldsOf(body: Body): [string, string][] {
  if (body.type === "json")
    return Object.entries(body.json).map(([name, value]) => [name, JSON.stringify(value)]);
  return body.fields;
}

export const routeNames = (routes: Route[]) => routes.map(named);
