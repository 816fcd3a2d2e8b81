import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { Deps } from "../deps";
import { type Checked, Problem } from "../errors";
import { dayInWords, daysBetween, momentInWords } from "../events/rules";
import { chosenEvent, type Event, eventBySlug } from "../events/store";
import { show } from "../http/pages";
import { addressWith, oneText, PAGE_SIZE, placeFrom, placeText } from "../http/paging";
import { organizer, type Route } from "../http/route";
import { type Asked, checkQuery, checkZipQuery, FILTER_NAMES } from "./form";
import { countRows } from "./rows/store";
import { COLUMNS, FORMATS, LIST_NAMES, type ListName, NONE } from "./rules";
import { exportFile, exportZip, type File, listChoices, prepareExport, type Way } from "./store";
import { takingInWords } from "./trail/rules";
import { takingsOf } from "./trail/store";

export function exportRoutes(deps: Deps): Route[] {
  const { db, now, config } = deps;
  const way = (why: string): Way => ({ by: "organizer", why, now, publicUrl: config.publicUrl });

  const downloads = LIST_NAMES.flatMap((list) =>
    FORMATS[list].map((format) =>
      organizer.get(`/exports/${list}.${format}`, async (req, res) => {
        const { filters, why } = valid(checkQuery(req.query));
        const event = await eventOf(deps, filters.event);
        const what = await prepareExport(db.read, { list, event, filters });
        await send(req, res, `${list}-${event.slug}.${format}`, () => exportFile(db, what, format, way(why)));
      }),
    ),
  );

  return [
    ...downloads,

    organizer.get("/exports/follow-ups.zip", async (req, res) => {
      const { filters, why, by, format } = valid(checkZipQuery(req.query));
      const event = await eventOf(deps, filters.event);
      const what = await prepareExport(db.read, { list: "follow-ups", event, filters });
      const name = `follow-ups-${event.slug}-by-${by}.zip`;
      await send(req, res, name, () => exportZip(db, what, { by, format, way: way(why) }));
    }),

    organizer.get("/events/:slug/exports", showLists(deps, "follow-ups")),
    organizer.get("/events/:slug/exports/visits", showLists(deps, "visits")),
    organizer.get("/events/:slug/exports/contacts", showLists(deps, "contacts")),
  ];
}

function valid<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new Problem("invalid", "This list cannot be made as asked.", checked.problems);
  return checked.value;
}

async function eventOf({ db, now }: Deps, slug: string | undefined): Promise<Event> {
  const event = await chosenEvent(db.read, slug, now());
  if (!event) throw new Problem("missing", "There is no event yet. Set one up first.");
  return event;
}

/** Sends a file while it is made. What fails on the way cuts the connection, so that half a file does not look whole. */
async function send(
  req: Request,
  res: Response,
  name: string,
  make: () => File | Promise<File>,
): Promise<void> {
  // Somebody asks what it would be, and takes nothing.
  const file = req.method === "HEAD" ? undefined : await make();
  res.attachment(name);
  if (name.endsWith(".jsonl")) res.type("application/jsonl; charset=utf-8");
  if (!file) return void res.end();
  try {
    await pipeline(file.content, res, { end: false });
  } catch (error) {
    // Whoever closed the window before the end has what they wanted.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    return;
  }
  // What has left is written down when whoever took it sees the end.
  await file.arrived();
  res.end();
}

/** The page of a list: what it is narrowed down to, how many rows that is, the formats, and who took contacts before. */
function showLists({ db, now }: Deps, list: ListName) {
  return async (req: Request, res: Response) => {
    const event = await eventBySlug(db.read, req.params.slug as string);
    const { before, ...query } = req.query;
    const path = `/events/${event.slug}/exports${list === LIST_NAMES[0] ? "" : `/${list}`}`;
    const { problems, counted } = await countOf(db, list, event, checkQuery(query));
    const takings = await takingsOf(db.read, event.id, placeFrom(before));
    const shown = takings.slice(0, PAGE_SIZE);
    const last = takings.length > PAGE_SIZE ? shown.at(-1) : undefined;
    const choice = Object.fromEntries(
      [...FILTER_NAMES, "why"].map((name) => [name, oneText(query[name], 300)]),
    );
    show(res.status(problems ? 422 : 200), "exports/exports", {
      title: "Lists to take home",
      section: "report",
      styles: ["exports"],
      event,
      list,
      path,
      choice,
      problems,
      counted,
      ...(await listChoices(db.read, event)),
      days: daysBetween(event.starts_on, event.ends_on).map((day) => ({ day, words: dayInWords(day) })),
      none: NONE,
      columns: COLUMNS[list],
      formats: FORMATS[list],
      takings: shown.map((taking) => ({
        ...taking,
        when: momentInWords(taking.at, event.time_zone, now()),
        ...takingInWords(taking),
      })),
      newest: before === undefined ? undefined : path,
      older: last && addressWith(path, { before: placeText({ at: last.at, id: last.id }) }),
    });
  };
}

/** How many rows a list has as it is asked for, or what is wrong with that. */
async function countOf({ read, aside }: Deps["db"], list: ListName, event: Event, asked: Checked<Asked>) {
  if (!asked.ok) return { problems: asked.problems };
  try {
    const what = await prepareExport(read, { list, event, filters: asked.value.filters });
    return { counted: await countRows(aside, list, what) };
  } catch (error) {
    if (error instanceof Problem) return { problems: error.fields };
    throw error;
  }
}
