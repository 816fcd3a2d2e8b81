import type { Request, Response } from "express";
import { SENSIBLE_LISTS, withSlugs } from "../catalog/rules";
import { entriesToCopy } from "../catalog/store";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { checkEvent } from "../events/form";
import { datesInWords, eventSlugs, namedToday, TIME_ZONES } from "../events/rules";
import { eventBySlug, listEvents } from "../events/store";
import { show } from "../http/pages";
import { oneText } from "../http/paging";
import { organizer, type Route, wantsJson } from "../http/route";
import { LARGEST_FILE_IN_WORDS, upload } from "../http/upload";
import { checkNewEvent, type EventFile, readEventFile } from "./form";
import { readRescueFile } from "./rescue/form";
import { refusedInFull, rescueInWords } from "./rescue/rules";
import { bringIn, type RescueOutcome } from "./rescue/store";
import { notesOf, tableOf, together } from "./rules";
import { importEvent, type Outcome, startEvent } from "./store";

/** Read from the command line, nothing has to be uploaded. */
const TOO_LARGE = `This file is larger than ${LARGEST_FILE_IN_WORDS}. Import it on the laptop: npm run boothlight -- import FILE`;

const RESCUE_TOO_LARGE = `This file is larger than ${LARGEST_FILE_IN_WORDS}: no tablet saves that much. Nothing was brought in.`;

/** The bad records that a page lists; the command lists all. */
const MOST_BAD_SHOWN = 500;

/** New events, from sensible lists, from an earlier event or from a file; and event files as such. */
export function importRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/events/new", async (_req, res) => {
      await showNew(res, { timeZone: zoneOfLaptop(), source: "sensible" });
    }),

    organizer.post("/events", async (req, res) => {
      const { bytes, problem } = await uploadedFile(req, res);
      const { source, copyOf, booths, projects, ...own } = typedIn(req.body);
      const form = checkNewEvent({ source, copyOf, booths, projects });
      const problems = form.ok ? [] : form.problems;
      if (form.ok && form.value.source === "file") {
        return startFromFile(req, res, form.value, own, bytes, problem);
      }
      const event = checkEvent(own);
      if (!event.ok) problems.unshift(...event.problems);
      if (form.ok && form.value.source === "copy" && form.value.copyOf === "") {
        problems.push({ field: "copyOf", message: "Please choose the event." });
      }
      if (!form.ok || !event.ok || problems.length > 0) return showNew(res.status(422), req.body, problems);
      const lists = await listsFrom(form.value);
      const { slug } = await db.write((writer) => startEvent(writer, event.value, lists, now()));
      res.redirect(303, `/events/${slug}`);
    }),

    organizer.post("/events/import", async (req, res) => {
      const { bytes, problem } = await uploadedFile(req, res);
      if (!bytes) return refuse(req, res, problem ?? "Please choose a file.");
      let file: EventFile;
      try {
        file = await readEventFile(bytes);
      } catch (error) {
        return refuse(req, res, inOneMessage(error));
      }
      showOutcome(req, res, await importEvent(db, file, now()));
    }),

    organizer.post("/rescue-files", async (req, res) => {
      const { bytes, isTooLarge } = await upload(req, res);
      const here = oneText(req.body?.event);
      try {
        if (isTooLarge) throw new Problem("invalid", RESCUE_TOO_LARGE);
        if (!bytes) throw new Problem("invalid", "Please choose a file.");
        showRescued(req, res, await bringIn(db, readRescueFile(bytes), now()), here);
      } catch (error) {
        refuseRescue(req, res, error, here);
      }
    }),
  ];

  /** The lists that a new event without a file starts from. */
  async function listsFrom(form: Extract<ReturnType<typeof checkNewEvent>, { ok: true }>["value"]) {
    const lists =
      form.source === "copy"
        ? await entriesToCopy(db.read, (await eventBySlug(db.read, form.copyOf)).id)
        : { booths: [], projects: [], ...SENSIBLE_LISTS };
    return { ...lists, ...boothsAndProjects(lists, form) };
  }

  /** A new event from a file: what was typed counts, what was left empty comes from the file. */
  async function startFromFile(
    req: Request,
    res: Response,
    form: { booths: { name: string }[]; projects: { name: string }[] },
    own: Record<string, unknown>,
    bytes: Uint8Array | undefined,
    problem: string | undefined,
  ) {
    const wrong = (message: string, fields: FieldProblem[] = []) =>
      showNew(res.status(422), req.body, [...fields, { field: "file", message }]);
    if (!bytes) return wrong(problem ?? "Please choose a file.");
    const typed = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== ""));
    // The proposed zone is nobody's word: an event that is the file's own keeps the file's zone.
    if (typed.name === undefined && typed.timeZone === zoneOfLaptop()) delete typed.timeZone;
    let file: EventFile;
    try {
      file = await readEventFile(bytes, {
        ...typed,
        ...(typed.name !== undefined && { slug: await freeAddress(typed.name) }),
      });
    } catch (error) {
      const fields = error instanceof Problem ? error.fields : [];
      return wrong(
        inOneMessage(error),
        fields.map((each) => ({ ...each, field: each.field.replace(/^event\./, "") })),
      );
    }
    const outcome = await importEvent(db, { ...file, ...boothsAndProjects(file, form) }, now(), {
      mustBeNew: true,
    }).catch((error: unknown) => {
      if (error instanceof Problem) return error;
      throw error;
    });
    if (outcome instanceof Problem) {
      return wrong(
        "This event is here already. Type another name above, or import the file on the page of all events.",
      );
    }
    if (outcome.bad.length > 0) return showOutcome(req, res, outcome);
    res.redirect(303, `/events/${outcome.event.slug}`);
  }

  async function freeAddress(name: unknown): Promise<string> {
    const taken = new Set((await listEvents(db.read)).map((event) => event.slug));
    for (const slug of eventSlugs(String(name))) if (!taken.has(slug)) return slug;
    throw new Error("unreachable: there is always another address");
  }

  async function showNew(res: Response, typed: Record<string, unknown> = {}, problems: FieldProblem[] = []) {
    const events = await listEvents(db.read);
    show(res, "imports/new-event", {
      title: "New event",
      section: "events",
      styles: ["events"],
      fields: typed,
      problems,
      zones: TIME_ZONES,
      events: events.map((event) => ({
        slug: event.slug,
        name: event.name,
        dates: datesInWords(event.starts_on, event.ends_on),
      })),
    });
  }

  function showOutcome(req: Request, res: Response, outcome: Outcome): void {
    if (wantsJson(req)) return void res.json({ ...outcome, event: outcome.event.slug });
    show(res, "imports/outcome", {
      title: "Imported",
      section: "events",
      styles: ["events"],
      event: outcome.event,
      table: tableOf(outcome),
      notes: notesOf(outcome),
      bad: outcome.bad.slice(0, MOST_BAD_SHOWN),
      badCount: outcome.bad.length,
    });
  }
}

/** `here`: the short name of the event whose page the file was chosen on. */
function showRescued(req: Request, res: Response, outcome: RescueOutcome, here: string): void {
  const { event, staffName, clockOffset, results } = outcome;
  if (wantsJson(req)) return void res.json({ event: event.slug, staffName, results });
  const refused = results.flatMap((result) => result.refused);
  show(res, "imports/rescued", {
    title: "Rescued",
    section: "devices",
    styles: ["events", "visits"],
    event,
    staffName,
    isElsewhere: here !== "" && here !== event.slug,
    notes: rescueInWords(results),
    twoVersions: results.some((result) => result.hasVersions),
    refused: refused
      .slice(0, MOST_BAD_SHOWN)
      .map((each) => refusedInFull(each, clockOffset, event.time_zone)),
    refusedCount: refused.length,
  });
}

/** The page to try another rescue file on. */
function refuseRescue(req: Request, res: Response, error: unknown, here: string): void {
  const message = inOneMessage(error);
  const problems = [{ field: "file", message }];
  if (wantsJson(req)) throw error;
  show(res.status((error as Problem).status), "imports/rescue", {
    title: "Bring in a rescue file",
    section: "devices",
    styles: ["events"],
    width: "narrow",
    here,
    problems,
  });
}

function zoneOfLaptop(): string {
  return namedToday(Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** The page to try another file on. */
function refuse(req: Request, res: Response, message: string): void {
  const problems = [{ field: "file", message }];
  if (wantsJson(req)) throw new Problem("invalid", message, problems);
  show(res.status(422), "imports/upload", {
    title: "Import an event file",
    section: "events",
    styles: ["events"],
    width: "narrow",
    problems,
  });
}

/** The sentence of a Problem with its fields, for the one place where a file is chosen. */
function inOneMessage(error: unknown): string {
  if (!(error instanceof Problem)) throw error;
  const fields = error.fields.map(({ field, message }) => `${field}: ${message}`);
  return [error.message, ...fields].join(" ");
}

/** The booths and projects of a new event: those that it starts from, and those that were typed. */
function boothsAndProjects(
  from: { booths: { slug: string; name: string }[]; projects: { slug: string; name: string }[] },
  typed: { booths: { name: string }[]; projects: { name: string }[] },
) {
  const both = (list: "booths" | "projects") => {
    const more = together<{ name: string; slug?: string }>(from[list], typed[list]).slice(from[list].length);
    return [
      ...from[list],
      ...withSlugs(
        list,
        more,
        from[list].map((entry) => entry.slug),
      ),
    ];
  };
  const booths = both("booths");
  return {
    booths: booths.length > 0 ? booths : withSlugs("booths", [{ name: "Booth" }]),
    projects: both("projects"),
  };
}

/** The fields of a form, without any that is not text. */
function typedIn(body: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(body ?? {}).filter((each): each is [string, string] => typeof each[1] === "string"),
  );
}

/** Receives a form with an event file: the file's bytes, or what is wrong with it. */
async function uploadedFile(req: Request, res: Response): Promise<{ bytes?: Uint8Array; problem?: string }> {
  const { bytes, isTooLarge } = await upload(req, res);
  return isTooLarge ? { problem: TOO_LARGE } : { bytes };
}
