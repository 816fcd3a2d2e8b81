import type { Request, Response } from "express";
import { entriesOf, offered } from "../catalog/store";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { namedToday, TIME_ZONES } from "../events/rules";
import { chosenEvent } from "../events/store";
import { reachableAddresses } from "../http/addresses";
import { show } from "../http/pages";
import { addressWith, oneText } from "../http/paging";
import { organizer, type Route } from "../http/route";
import { checkExpert, KINDS, shownRevision, type TypedExpert, typedExpert, WAYS } from "./form";
import { madeLinkOf, renewLink, revokeLink } from "./links/store";
import {
  awayInWords,
  differences,
  KIND_NAMES,
  type Load,
  languageInEnglish,
  languagesToChoose,
  loadOf,
  NO_LOAD,
  narrowed,
  oneUp,
  shortened,
  thinTopics,
  todayOf,
  unanswered,
  WAY_NAMES,
  whyNotNow,
} from "./rules";
import {
  addExpert,
  changeExpert,
  type Expert,
  expertById,
  expertLoads,
  fieldsOf,
  knownProjects,
  knownTopics,
  listExperts,
  type Named,
} from "./store";

/** Experts that a page shows. */
const PAGE = 100;
/** From so many on, a list is easier to filter than to look through. */
const FILTERED_FROM = 12;

/** Languages that stand in front of the others: those of the program's own pages. */
const FIRST_LANGUAGES = ["en", "de", "fr", "es", "pt", "ja"];

export function expertRoutes({ db, config, network, now }: Deps): Route[] {
  return [
    organizer.get("/experts", async (req, res) => {
      const event = await eventOf(req);
      const [experts, loads, topics, projects, ownTopics] = await Promise.all([
        listExperts(db.read),
        expertLoads(db.read, now()),
        knownTopics(db.read),
        knownProjects(db.read),
        event ? entriesOf(db.read, "topics", event.id) : [],
      ]);
      const loadIs = (expert: Expert) => loads.get(expert.id) ?? NO_LOAD;
      const choice = {
        search: oneText(req.query.search),
        topic: oneText(req.query.topic),
        kind: oneText(req.query.kind),
      };
      const found = narrowed(experts, choice);
      const pages = Math.max(1, Math.ceil(found.length / PAGE));
      const page = Math.min(pages, Math.max(1, Number(oneText(req.query.page)) || 1));
      const offeredExperts = experts.filter((expert) => !expert.hidden);
      const words = { topics: nameIn(topics), projects: nameIn(projects) };
      show(res, "experts/list", {
        title: "Experts",
        section: "experts",
        styles: ["experts"],
        event,
        query: queryOf(event),
        count: experts.length,
        found: found.length,
        experts: found
          .slice((page - 1) * PAGE, page * PAGE)
          .map((expert) => asRow(expert, loadIs(expert), words)),
        withoutExpert: unanswered(offered(ownTopics), offeredExperts),
        thin: thinTopics(offered(ownTopics), offeredExperts, (expert) =>
          whyNotNow(expert, loadIs(expert), now()),
        ),
        choice,
        isFiltered: Object.values(choice).some(Boolean),
        hasFilters: experts.length >= FILTERED_FROM || Object.values(choice).some(Boolean),
        topics: topics.filter(({ slug }) => experts.some((expert) => expert.topics.includes(slug))),
        kinds: KINDS.map((kind) => ({ kind, name: KIND_NAMES[kind] })),
        turns: {
          before: page > 1 ? pageAddress(event, choice, page - 1) : undefined,
          after: page < pages ? pageAddress(event, choice, page + 1) : undefined,
        },
        saved: oneText(req.query.saved),
        broughtIn: {
          isThere: req.query.added !== undefined,
          added: Number(oneText(req.query.added)) || 0,
          changed: Number(oneText(req.query.changed)) || 0,
        },
      });
    }),

    organizer.get("/experts/new", async (req, res) => {
      const topics = oneText(req.query.topic);
      await showForm(req, res, {
        typed: typedExpert({ kind: "person", reachedBy: "mail", topics }, ownZone()),
      });
    }),

    organizer.post("/experts", async (req, res) => {
      const typed = typedExpert(req.body, ownZone());
      if (wantsOrder(req)) return showForm(req, res, { typed: reordered(typed, req) });
      const form = checkExpert(typed);
      if (!form.ok) return showForm(req, res.status(422), { typed, problems: form.problems });
      await db.write((writer) => addExpert(writer, form.value, now()));
      backToList(req, res, form.value.name);
    }),

    organizer.get("/experts/:id", async (req, res) => {
      const expert = await expertById(db.read, req.params.id as string);
      await showForm(req, res, { expert, typed: typedFrom(expert) });
    }),

    organizer.post("/experts/:id", async (req, res) => {
      const expert = await expertById(db.read, req.params.id as string);
      const typed = typedExpert(req.body, expert.time_zone);
      const seen = shownRevision(req.body);
      if (wantsOrder(req)) return showForm(req, res, { expert, typed: reordered(typed, req), seen });
      const form = checkExpert(typed, expert.webhook);
      if (!form.ok) return showForm(req, res.status(422), { expert, typed, problems: form.problems, seen });
      try {
        await db.write((writer) => changeExpert(writer, expert.id, form.value, seen ?? 0));
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
        const there = await expertById(db.read, expert.id);
        const conflict = differences(fieldsOf(there), form.value);
        return showForm(req, res.status(409), { expert: there, typed, conflict });
      }
      backToList(req, res, form.value.name);
    }),

    organizer.post("/experts/:id/link", async (req, res) => {
      const { id } = await expertById(db.read, req.params.id as string);
      await db.write((writer) => renewLink(writer, id));
      backToLink(req, res, id, "renewed");
    }),

    organizer.post("/experts/:id/link/end", async (req, res) => {
      const { id } = await expertById(db.read, req.params.id as string);
      await db.write((writer) => revokeLink(writer, id));
      backToLink(req, res, id, "ended");
    }),
  ];

  /** Experts belong to no event; the one that the organizer came from stays in the frame. */
  function eventOf(req: Request) {
    return chosenEvent(db.read, oneText(req.query.event), now());
  }

  /** An expert as a row of the list shows them. */
  function asRow(expert: Expert, load: Load, words: { topics: NameOf; projects: NameOf }) {
    const { webhook, ...rest } = expert;
    return {
      ...rest,
      kindName: KIND_NAMES[expert.kind],
      topics: expert.topics.map(words.topics),
      projects: expert.projects.map(words.projects),
      languages: expert.languages.map(languageInEnglish),
      way: WAY_NAMES[expert.reached_by],
      webhook: shortened(webhook),
      away: awayInWords(expert, todayOf(expert, now())),
      load: { ...load, ...loadOf(expert.weekly, load) },
    };
  }

  /** Where an expert's private link begins. */
  function baseAddress(req: Request): string {
    const port = network?.port ?? req.socket.localPort ?? config.port;
    return reachableAddresses({ ...config, port, localName: network?.localName })[0];
  }

  async function showForm(
    req: Request,
    res: Response,
    form: {
      expert?: Expert;
      typed: TypedExpert;
      problems?: FieldProblem[];
      conflict?: ReturnType<typeof differences>;
      /** The revision that the form was made from; left out: the expert's. */
      seen?: number;
    },
  ): Promise<void> {
    const { expert, typed } = form;
    const [event, topics, projects] = await Promise.all([
      eventOf(req),
      knownTopics(db.read),
      knownProjects(db.read),
    ]);
    const link = expert && (await madeLinkOf(db.read, expert));
    const nameOf = nameIn(topics);
    show(res, "experts/expert", {
      title: expert ? expert.name : "New expert",
      section: "experts",
      styles: ["experts"],
      scripts: ["expert"],
      width: "narrow",
      event,
      query: queryOf(event),
      expert,
      revision: form.seen ?? expert?.revision,
      typed,
      problems: form.problems ?? [],
      conflict: form.conflict,
      kinds: KINDS.map((kind) => ({ kind, name: KIND_NAMES[kind] })),
      ways: WAYS.map((way) => ({ way, name: WAY_NAMES[way] })),
      // Topics and projects of events that are no longer here stay with the expert until they are unticked.
      chosenTopics: typed.topics.map((slug) => ({ slug, name: nameOf(slug) })),
      otherTopics: topics.filter(({ slug }) => !typed.topics.includes(slug)),
      projects: withForgotten(projects, typed.projects),
      languages: {
        first: languagesToChoose().filter(
          ({ code }) => FIRST_LANGUAGES.includes(code) || typed.languages.includes(code),
        ),
        others: languagesToChoose().filter(
          ({ code }) => !FIRST_LANGUAGES.includes(code) && !typed.languages.includes(code),
        ),
      },
      zones: TIME_ZONES,
      keptWebhook: expert ? shortened(expert.webhook) : "",
      link: expert && {
        address: link && baseAddress(req) + link,
        isPublic: config.publicUrl !== undefined,
        done: oneText(req.query.link),
      },
    });
  }
}

/** Whether the form was sent to put a topic further up, and not to be kept. */
const wantsOrder = (req: Request) => oneText(req.body?.sooner) !== "";

function reordered(typed: TypedExpert, req: Request): TypedExpert {
  return { ...typed, topics: oneUp(typed.topics, oneText(req.body?.sooner)) };
}

/** An expert as they would be typed. The webhook's address is a secret and does not come back to the page. */
function typedFrom(expert: Expert): TypedExpert {
  const fields = fieldsOf(expert);
  return {
    ...fields,
    weekly: fields.weekly === null ? "" : String(fields.weekly),
    awayFrom: fields.awayFrom ?? "",
    awayUntil: fields.awayUntil ?? "",
    webhook: "",
  };
}

type NameOf = (slug: string) => string;

function nameIn(entries: Named[]): NameOf {
  const names = new Map(entries.map(({ slug, name }) => [slug, name]));
  return (slug) => names.get(slug) ?? slug;
}

function withForgotten(entries: Named[], slugs: string[]): Named[] {
  const known = new Set(entries.map(({ slug }) => slug));
  return [...entries, ...slugs.filter((slug) => !known.has(slug)).map((slug) => ({ slug, name: slug }))];
}

function queryOf(event: { slug: string } | undefined): string {
  return event ? `?event=${encodeURIComponent(event.slug)}` : "";
}

function pageAddress(
  event: { slug: string } | undefined,
  choice: Record<string, string>,
  page: number,
): string {
  return addressWith("/experts", { event: event?.slug, ...choice, page: String(page) });
}

function backToList(req: Request, res: Response, saved: string): void {
  res.redirect(303, addressWith("/experts", { event: oneText(req.query.event), saved }));
}

function backToLink(req: Request, res: Response, id: string, link: string): void {
  res.redirect(303, `${addressWith(`/experts/${id}`, { event: oneText(req.query.event), link })}#link`);
}

/** The zone of the laptop, as a proposal for somebody new. */
function ownZone(): string {
  return namedToday(Intl.DateTimeFormat().resolvedOptions().timeZone);
}
