import type { Request, Response } from "express";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { checkEvent, checkJournal } from "../events/form";
import { datesInWords, momentForSheets, momentInWords, phaseOf, TIME_ZONES } from "../events/rules";
import { addToJournal, changeEvent, type Event, eventBySlug, journalOf } from "../events/store";
import { show } from "../http/pages";
import { organizer, type Route } from "../http/route";
import { COLUMNS, checkList } from "./form";
import {
  changeList,
  type Entry,
  entriesOf,
  type Giveaway,
  keywordsOf,
  LISTS,
  type ListName,
  listsOf,
} from "./store";

/** The journal's entries that the page shows; a booth has a handful a day. */
const MOST_JOURNAL = 200;

type Part = "event" | "journal" | ListName;

/** A form that came back: what was typed in it, and what is wrong with it. */
interface Typed {
  part: Part;
  body: Record<string, unknown>;
  problems: FieldProblem[];
}

/** What the cards of the lists say. */
const CARDS: Record<ListName, { title: string; what: string; add: string; hint: string }> = {
  booths: {
    title: "Booths",
    what: "Where tablets stand.",
    add: "Add booths",
    hint: "One a line.",
  },
  projects: {
    title: "Projects",
    what: "What is shown at the booth.",
    add: "Add projects",
    hint: "One a line.",
  },
  topics: {
    title: "Topics",
    what: "What questions are about. The keywords, parts of words with commas between, help to find who can answer.",
    add: "Add topics",
    hint: "One a line, its keywords behind a colon: Storage: disk, nfs, backup",
  },
  platforms: {
    title: "Platforms",
    what: "What visitors use today. What staff write down themselves comes in here too.",
    add: "Add platforms",
    hint: "One a line.",
  },
  remarks: {
    title: "Remarks",
    what: "What visitors say again and again: one tap for “heard again”.",
    add: "Add remarks",
    hint: "One a line.",
  },
  giveaways: {
    title: "Giveaways",
    what: "What you shipped to the event, and what arrived. Empty: nobody counted.",
    add: "Add giveaways",
    hint: "One a line, the shipped pieces behind a colon: T-shirt: 200",
  },
};

/** The set-up page of one event: its own fields, each of its lists, its journal. */
export function catalogRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/events/:slug", async (req, res) => {
      await showSetUp(res, await eventOf(req), { saved: req.query.saved });
    }),

    organizer.post("/events/:slug", async (req, res) => {
      const event = await eventOf(req);
      const form = checkEvent(req.body);
      if (!form.ok) return showWrong(req, res, event, "event", form.problems);
      await db.write((writer) => changeEvent(writer, event, form.value));
      backTo(res, event, "event");
    }),

    organizer.post("/events/:slug/journal", async (req, res) => {
      const event = await eventOf(req);
      const form = checkJournal(req.body, event.time_zone, now());
      if (!form.ok) return showWrong(req, res, event, "journal", form.problems);
      await db.write((writer) => addToJournal(writer, event.id, form.value));
      backTo(res, event, "journal");
    }),

    organizer.post("/events/:slug/lists/:list", async (req, res) => {
      const event = await eventOf(req);
      const list = LISTS.find((each) => each === req.params.list);
      if (!list) throw new Problem("missing", "There is no such list.");
      const clock = { zone: event.time_zone, now: now() };
      const form = checkList(list, req.body ?? {}, await entriesOf(db.read, list, event.id), clock);
      if (!form.ok) return showWrong(req, res, event, list, form.problems);
      await db.write((writer) => changeList(writer, list, event.id, form.value));
      backTo(res, event, list);
    }),
  ];

  function eventOf(req: Request): Promise<Event> {
    return eventBySlug(db.read, req.params.slug as string);
  }

  function showWrong(req: Request, res: Response, event: Event, part: Part, problems: FieldProblem[]) {
    return showSetUp(res.status(422), event, { typed: { part, body: req.body ?? {}, problems } });
  }

  async function showSetUp(
    res: Response,
    event: Event,
    { typed, saved }: { typed?: Typed; saved?: unknown },
  ): Promise<void> {
    const [lists, journal] = await Promise.all([
      listsOf(db.read, event.id),
      journalOf(db.read, event.id, MOST_JOURNAL),
    ]);
    const of = <P extends Part>(part: P) => (typed?.part === part ? typed : undefined);
    show(res, "catalog/set-up", {
      title: "Set up",
      section: "events",
      styles: ["events"],
      event,
      dates: datesInWords(event.starts_on, event.ends_on),
      phase: phaseOf(event, now()),
      zones: TIME_ZONES,
      saved,
      fields: of("event")?.body ?? fieldsOf(event),
      eventProblems: of("event")?.problems ?? [],
      lists: LISTS.map((list) => ({
        list,
        ...CARDS[list],
        columns: COLUMNS[list],
        entries: lists[list].map((entry) => asRow(list, entry, event.time_zone, of(list)?.body)),
        added: of(list)?.body.added ?? "",
        problems: of(list)?.problems ?? [],
      })),
      journal: journal.map(({ at, text }) => ({ at: momentInWords(at, event.time_zone, now()), text })),
      journalTyped: of("journal")?.body ?? {},
      journalProblems: of("journal")?.problems ?? [],
    });
  }
}

function backTo(res: Response, event: Event, part: Part): void {
  res.redirect(303, `/events/${event.slug}?saved=${part}#${part}`);
}

function fieldsOf(event: Event) {
  return {
    name: event.name,
    venue: event.venue,
    startsOn: event.starts_on,
    endsOn: event.ends_on,
    timeZone: event.time_zone,
  };
}

/** A row of a list's form: what is kept, or what was typed in its place. */
function asRow(list: ListName, entry: Entry, zone: string, typed: Record<string, unknown> | undefined) {
  const kept: Record<string, unknown> = { ...entry };
  if (list === "topics") kept.keywords = keywordsOf(entry as Entry & { keywords: string }).join(", ");
  if (list === "giveaways") {
    const { shipped, arrived, ran_out_at: at } = entry as Giveaway;
    Object.assign(kept, { shipped: shipped ?? "", arrived: arrived ?? "" });
    if (typeof at === "number") kept.ranOutAt = momentForSheets(at, zone).replace(" ", "T");
  }
  for (const field of ["name", "ranOutAt", ...COLUMNS[list]]) {
    kept[field] = typed?.[`${field}.${entry.id}`] ?? kept[field];
  }
  return kept;
}
