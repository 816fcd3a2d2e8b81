import type { Request, Response } from "express";
import { entriesOf, offered } from "../catalog/store";
import type { Deps } from "../deps";
import type { FieldProblem } from "../errors";
import { chosenEvent } from "../events/store";
import { show } from "../http/pages";
import { addressWith, oneText } from "../http/paging";
import { organizer, type Route } from "../http/route";
import { checkExpert, KINDS, type TypedExpert, typedExpert } from "./form";
import { inOldOrder, KIND_NAMES, unanswered } from "./rules";
import {
  addExpert,
  changeExpert,
  type Expert,
  expertById,
  knownTopics,
  listExperts,
  questionsHeld,
} from "./store";

export function expertRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/experts", async (req, res) => {
      const event = await eventOf(req);
      const [experts, held, topics, ownTopics] = await Promise.all([
        listExperts(db.read),
        questionsHeld(db.read),
        knownTopics(db.read),
        event ? entriesOf(db.read, "topics", event.id) : [],
      ]);
      const nameOf = new Map(topics.map((topic) => [topic.slug, topic.name]));
      show(res, "experts/list", {
        title: "Experts",
        section: "experts",
        styles: ["experts"],
        event,
        query: event ? `?event=${encodeURIComponent(event.slug)}` : "",
        experts: experts.map((expert) => ({
          ...expert,
          kindName: KIND_NAMES[expert.kind],
          topics: expert.topics.map((slug) => nameOf.get(slug) ?? slug),
          held: held.get(expert.id) ?? 0,
        })),
        withoutExpert: unanswered(
          offered(ownTopics),
          experts.filter((expert) => !expert.hidden),
        ),
        saved: oneText(req.query.saved),
      });
    }),

    organizer.get("/experts/new", async (req, res) => {
      const topic = oneText(req.query.topic);
      await showForm(req, res, {
        typed: { name: "", kind: "person", address: "", topics: topic ? [topic] : [], hidden: false },
      });
    }),

    organizer.post("/experts", async (req, res) => {
      const typed = typedExpert(req.body);
      const form = checkExpert(typed);
      if (!form.ok) return showForm(req, res.status(422), { typed, problems: form.problems });
      await db.write((writer) => addExpert(writer, form.value, now()));
      await backToList(req, res, form.value.name);
    }),

    organizer.get("/experts/:id", async (req, res) => {
      const expert = await expertById(db.read, req.params.id as string);
      await showForm(req, res, { expert, typed: { ...expert, hidden: expert.hidden === 1 } });
    }),

    organizer.post("/experts/:id", async (req, res) => {
      const expert = await expertById(db.read, req.params.id as string);
      const typed = typedExpert(req.body);
      const form = checkExpert(typed);
      if (!form.ok) return showForm(req, res.status(422), { expert, typed, problems: form.problems });
      const topics = inOldOrder(form.value.topics, expert.topics);
      await db.write((writer) => changeExpert(writer, expert.id, { ...form.value, topics }));
      await backToList(req, res, form.value.name);
    }),
  ];

  /** Experts belong to no event; the one that the organizer came from stays in the frame. */
  function eventOf(req: Request) {
    return chosenEvent(db.read, oneText(req.query.event), now());
  }

  async function backToList(req: Request, res: Response, saved: string): Promise<void> {
    res.redirect(303, addressWith("/experts", { event: oneText(req.query.event), saved }));
  }

  async function showForm(
    req: Request,
    res: Response,
    form: { expert?: Expert; typed: TypedExpert; problems?: FieldProblem[] },
  ): Promise<void> {
    const event = await eventOf(req);
    const topics = await knownTopics(db.read);
    const known = new Set(topics.map((topic) => topic.slug));
    const forgotten = form.typed.topics.filter((slug) => !known.has(slug));
    show(res, "experts/expert", {
      title: form.expert ? form.expert.name : "New expert",
      section: "experts",
      styles: ["experts"],
      width: "narrow",
      event,
      query: event ? `?event=${encodeURIComponent(event.slug)}` : "",
      expert: form.expert,
      typed: form.typed,
      problems: form.problems ?? [],
      kinds: KINDS.map((kind) => ({ kind, name: KIND_NAMES[kind] })),
      // Topics of events that are no longer here stay with the expert until they are unticked.
      topics: [...topics, ...forgotten.map((slug) => ({ slug, name: slug }))],
    });
  }
}
