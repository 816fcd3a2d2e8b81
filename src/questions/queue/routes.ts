import type { Request, Response } from "express";
import { listsOf } from "../../catalog/store";
import type { Deps } from "../../deps";
import type { FieldProblem } from "../../errors";
import { momentInWords, sinceInWords } from "../../events/rules";
import { type Event, eventBySlug, listEvents } from "../../events/store";
import { listExperts } from "../../experts/store";
import { cookieOf } from "../../http/cookies";
import { show } from "../../http/pages";
import { addressWith, countInWords, oneText, placeText } from "../../http/paging";
import { organizer, type Route, wantsJson } from "../../http/route";
import { checkBulk, checkUndo, undoText } from "../bulk/form";
import { doTogether, type Outcome, undoTogether } from "../bulk/store";
import { inWords, PRIORITIES, STATE_NAMES, STATES } from "../rules";
import { THE_ORGANIZER } from "../steps/store";
import { questionRows } from "../store";
import { namedSuggestions } from "../suggestions/rules";
import { checkView, lookedAt, NONE, queueAddress, queueChoice, queueTurn } from "./form";
import {
  changeInWords,
  doneInWords,
  EVERYWHERE,
  filterOf,
  lookedPlaces,
  type Named,
  suggestionsByTopic,
  withPlace,
} from "./rules";
import {
  askedTogether,
  changedQuestions,
  countByState,
  countChanged,
  deleteView,
  lastSteps,
  listOverEvents,
  type QueuePlace,
  queuePage,
  renameView,
  savedViews,
  saveView,
  viewById,
} from "./store";

const LOOKED_COOKIE = "boothlight_looked";
const A_YEAR = 365 * 24 * 3_600_000;
/** A page that was open all night is told that much changed, not what. */
const MOST_CHANGES = 100;

/** As many as a screen shows: who could take these is said at once, of the others when the page asks. */
const SUGGESTED_AT_ONCE = 6;
const MOST_SUGGESTED_FOR = 10;
/** A page does not wait longer for it: after a start all that was answered before is learnt first. */
const PATIENCE = 60;

/** What a queue is of: an event, or all of them. */
interface Scope {
  event: Event | undefined;
  path: string;
  query: Record<string, unknown>;
}

/** What a form of the queue has led to. */
interface Told {
  outcome?: Outcome & { isUndo: boolean };
  problems?: FieldProblem[];
  typed?: Record<string, string>;
  selected?: Set<string>;
}

export function queueRoutes({ db, suggester, now }: Deps): Route[] {
  return [
    organizer.get("/events/:slug/questions", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await showQueue(req, res, { event, path: pathOf(event), query: req.query });
    }),

    organizer.get("/questions", async (req, res) => {
      await showQueue(req, res, { event: undefined, path: pathOf(undefined), query: req.query });
    }),

    organizer.get("/events/:slug/questions/changes", { byItself: true }, async (req, res) => {
      await tellChanges(req, res, await eventBySlug(db.read, req.params.slug as string));
    }),

    organizer.get("/questions/changes", { byItself: true }, async (req, res) => {
      await tellChanges(req, res, undefined);
    }),

    organizer.get("/questions/suggestions", { byItself: true }, async (req, res) => {
      const ids = [req.query.id]
        .flat()
        .map((each) => oneText(each))
        .slice(0, MOST_SUGGESTED_FOR);
      const [found, experts] = await Promise.all([
        suggester.suggestFor(db.read, ids, now()),
        listExperts(db.read),
      ]);
      const suggestions = [...found].map(([id, each]) => [id, namedSuggestions(each, experts)]);
      res.json({ suggestions: Object.fromEntries(suggestions) });
    }),

    organizer.post("/questions/bulk", async (req, res) => {
      const form = checkBulk(req.body);
      if (!form.ok) return refuse(req, res, form.problems);
      const { questions, action } = form.value;
      await answer(req, res, await doTogether(db, questions, action, { by: THE_ORGANIZER, now: now() }));
    }),

    organizer.post("/questions/bulk/undo", async (req, res) => {
      const form = checkUndo(req.body);
      if (!form.ok) return refuse(req, res, form.problems);
      const outcome = await undoTogether(db, form.value, { by: THE_ORGANIZER, now: now() });
      await answer(req, res, outcome, true);
    }),

    organizer.post("/questions/looked", async (req, res) => {
      const scope = await scopeOf(req);
      const at = lookedAt(req.body?.at, now()) ?? now();
      const cookie = withPlace(cookieOf(req, LOOKED_COOKIE), scope.event?.slug ?? EVERYWHERE, at);
      res.cookie(LOOKED_COOKIE, cookie, { httpOnly: true, sameSite: "lax", path: "/", maxAge: A_YEAR });
      res.redirect(303, backTo(scope, { show: undefined }));
    }),

    organizer.post("/questions/views", async (req, res) => {
      const form = checkView(req.body);
      if (!form.ok) return refuse(req, res, form.problems);
      const scope = await scopeOf(req);
      const query = new URL(addressWith("/", queryOf(scope)), "http://booth").search.slice(1);
      const view = { eventId: scope.event?.id, name: form.value.name, query, now: now() };
      await db.write((writer) => saveView(writer, view));
      res.redirect(303, backTo(scope));
    }),

    organizer.post("/questions/views/:id", async (req, res) => {
      const view = await viewById(db.read, req.params.id as string);
      const form = checkView(req.body);
      if (!form.ok) return refuse(req, res, form.problems);
      await db.write((writer) => renameView(writer, view.id, form.value.name));
      res.redirect(303, backTo(await scopeOf(req)));
    }),

    organizer.post("/questions/views/:id/deletion", async (req, res) => {
      const view = await viewById(db.read, req.params.id as string);
      await db.write((writer) => deleteView(writer, view.id));
      res.redirect(303, backTo(await scopeOf(req)));
    }),
  ];

  /** The queue that a form was on. */
  async function scopeOf(req: Request): Promise<Scope> {
    const address = queueAddress(req.body?.back);
    const slug = address && /^\/events\/([\w-]+)\//.exec(address.pathname)?.[1];
    const event = slug ? await eventBySlug(db.read, slug) : undefined;
    return { event, path: pathOf(event), query: Object.fromEntries(address?.searchParams ?? []) };
  }

  async function refuse(req: Request, res: Response, problems: FieldProblem[]): Promise<void> {
    if (wantsJson(req)) {
      const [problem] = problems;
      return void res.status(422).json({ message: problem?.message, problems });
    }
    const selected = new Set([req.body?.question].flat().map((each) => oneText(each).slice(0, 36)));
    const typed = { answer: oneText(req.body?.answer, 5000), name: oneText(req.body?.name) };
    await showQueue(req, res.status(422), await scopeOf(req), { problems, typed, selected });
  }

  /** Answers with what was done and what was not, and with the way back. */
  async function answer(req: Request, res: Response, outcome: Outcome, isUndo = false): Promise<void> {
    const status = outcome.notDone.length > 0 ? 409 : 200;
    if (wantsJson(req)) {
      return void res.status(status).json({
        done: outcome.done.map(({ question, undo, also }) => ({
          id: question.id,
          version: question.version,
          state: question.state,
          priority: question.priority,
          topic: question.topic_name,
          mergedInto: question.merged_into,
          words: doneInWords({ question, undo }),
          undo: undo && undoText(undo),
          also: also && { id: also.id, version: also.version },
        })),
        notDone: outcome.notDone,
      });
    }
    await showQueue(req, res.status(status), await scopeOf(req), { outcome: { ...outcome, isUndo } });
  }

  async function tellChanges(req: Request, res: Response, event: Event | undefined): Promise<void> {
    const at = now();
    const since = lookedAt(req.query.since, at) ?? at;
    const rows = await changedQuestions(db.read, event?.id, since, MOST_CHANGES);
    const steps = await lastSteps(
      db.read,
      rows.map((row) => row.id),
      since,
    );
    res.json({
      at,
      isMore: rows.length === MOST_CHANGES,
      changes: rows.map((row) => ({
        id: row.id,
        version: row.version,
        isThere: row.hidden === 0 && row.merged_into === null,
        words: changeInWords(steps.get(row.id)),
      })),
    });
  }

  async function showQueue(req: Request, res: Response, scope: Scope, told: Told = {}): Promise<void> {
    const choice = queueChoice(scope.query);
    const turn = queueTurn(scope.query);
    const [experts, events] = await Promise.all([listExperts(db.read), listEvents(db.read)]);
    const event = scope.event ?? events.find((each) => each.slug === choice.event);
    const lists = await namesFor(scope.event);
    const looked = lookedPlaces(cookieOf(req, LOOKED_COOKIE)).get(scope.event?.slug ?? EVERYWHERE);
    const eventId = event?.id ?? (choice.event ? "" : undefined);
    const timeZone = event?.time_zone ?? events[0]?.time_zone ?? "UTC";
    const filter = filterOf(
      choice,
      { ...lists, experts },
      { eventId, timeZone, lookedAt: looked, now: now() },
    );
    const page = await queuePage(db.read, filter, turn);
    const [rows, counts, views, [done]] = await Promise.all([
      questionRows(db.read, page.ids),
      countByState(db.read, { eventId: scope.event?.id }),
      savedViews(db.read, scope.event?.id),
      questionRows(db.read, [oneText(scope.query.done)].filter(Boolean)),
    ]);
    const [together, steps, changed] = await Promise.all([
      askedTogether(db.read, page.ids),
      looked === undefined ? new Map() : lastSteps(db.read, page.ids, looked),
      looked === undefined ? undefined : countChanged(db.read, scope.event?.id, looked),
    ]);
    const waiting = rows.filter((row) => row.state === "open").map((row) => row.id);
    const suggested = await soon(suggester.suggestFor(db.read, waiting.slice(0, SUGGESTED_AT_ONCE), now()));
    const suggestions = suggestionsByTopic(rows, experts);
    for (const [id, found] of suggested ?? []) {
      const named = namedSuggestions(found, experts);
      if (named.length > 0) suggestions.set(id, named);
    }
    const sum = (each: Record<string, number>) => Object.values(each).reduce((all, count) => all + count, 0);
    const address = (change: Record<string, string | undefined>) =>
      addressWith(scope.path, { ...choice, ...change });
    const placed = (place: QueuePlace | undefined) =>
      place && `${place.state}.${place.rank}.${placeText(place)}`;
    const eventOf = new Map(events.map((each) => [each.id, each]));
    const here = address({ before: oneText(scope.query.before), after: oneText(scope.query.after) });
    const { search, state, show: shown, ...narrowed } = choice;
    show(res, "questions/queue", {
      title: "Questions",
      section: "questions",
      styles: ["questions"],
      scripts: ["queue"],
      event: scope.event,
      here,
      lists,
      choice,
      none: NONE,
      experts,
      offered: experts.filter((expert) => !expert.hidden),
      events: scope.event ? [] : events,
      hasEvents: events.length > 1,
      eventsPage: scope.event ? "/questions" : undefined,
      priorities: PRIORITIES,
      isFiltered: search !== "" || shown !== "" || Object.values(narrowed).some((value) => value !== ""),
      isNarrowed: Object.values(narrowed).some((value) => value !== ""),
      states: STATES.map((each) => ({
        state: each,
        name: STATE_NAMES[each],
        count: countInWords(page.counts[each]),
        href: address({ state: each }),
      })),
      all: address({ state: undefined }),
      total: sum(counts),
      looked: looked !== undefined && sinceInWords(looked, timeZone, now()),
      changed: changed !== undefined && {
        count: changed,
        words: countInWords(changed),
        href: address({ show: "changed" }),
      },
      unchanged: address({ show: undefined }),
      views: views.map((view) => ({
        ...view,
        href: view.query ? `${scope.path}?${view.query}` : scope.path,
        isHere: new URL(addressWith("/", queryOf(scope)), "http://booth").search.slice(1) === view.query,
      })),
      rows: rows.map((row) => {
        const own = eventOf.get(row.event_id) as Event;
        return {
          ...inWords(row, own, now()),
          suggestions: suggestions.get(row.id) ?? [],
          isUnsure: row.state === "open" && !suggested?.has(row.id),
          asked_together: together.get(row.id) ?? 1,
          due: row.due_at === null ? undefined : momentInWords(row.due_at, own.time_zone, now()),
          isLate: row.state === "routed" && row.due_at !== null && row.due_at < now(),
          changed:
            looked !== undefined && row.changed_at > looked ? changeInWords(steps.get(row.id)) : undefined,
          ofEvent: scope.event ? undefined : own.name,
          isSelected: told.selected?.has(row.id),
        };
      }),
      done: done && inWords(done, eventOf.get(done.event_id) as Event, now()),
      outcome: told.outcome && outcomeInWords(told.outcome),
      problems: told.problems ?? [],
      typed: told.typed ?? {},
      at: now(),
      path: scope.path,
      earlier: page.earlier && address({ before: placed(page.earlier) }),
      later: page.later && address({ after: placed(page.later) }),
    });
  }

  async function namesFor(event: Event | undefined): Promise<{ topics: Named[]; projects: Named[] }> {
    if (!event) {
      const [topics, projects] = await Promise.all([
        listOverEvents(db.read, "topics"),
        listOverEvents(db.read, "projects"),
      ]);
      return { topics, projects };
    }
    const lists = await listsOf(db.read, event.id);
    const named = (entries: { id: string; slug: string; name: string }[]) =>
      entries.map(({ id, slug, name }) => ({ slug, name, ids: [id] }));
    return { topics: named(lists.topics), projects: named(lists.projects) };
  }
}

const pathOf = (event: { slug: string } | undefined) =>
  event ? `/events/${event.slug}/questions` : "/questions";

/** What a queue is narrowed down to, without the place in it. */
function queryOf({ query }: Scope): Record<string, string> {
  return { ...queueChoice(query) };
}

function backTo(scope: Scope, change: Record<string, string | undefined> = {}): string {
  return addressWith(scope.path, { ...queryOf(scope), ...change });
}

/** What is there within `PATIENCE`; undefined where it takes longer. */
function soon<T>(work: Promise<T>): Promise<T | undefined> {
  work.catch(() => {});
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE, undefined).unref());
  return Promise.race([work, late]);
}

function outcomeInWords({ done, notDone, isUndo }: Outcome & { isUndo: boolean }) {
  const undo = done.flatMap((each) => (each.undo ? [undoText(each.undo)] : []));
  const [first] = done;
  const one = first && `${doneInWords(first)}: ${first.question.text}`;
  const questions = (count: number) => (count === 1 ? "1 question" : `${count} questions`);
  return {
    words: isUndo
      ? `Taken back for ${questions(done.length)}.`
      : done.length === 1
        ? one
        : `Done with ${questions(done.length)}.`,
    hasDone: done.length > 0,
    undo,
    notDone,
    left: questions(notDone.length),
  };
}
