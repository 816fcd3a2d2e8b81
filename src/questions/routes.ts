import type { Request, Response } from "express";
import { ownPath } from "../access/form";
import { listsOf } from "../catalog/store";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { momentInWords } from "../events/rules";
import { eventById } from "../events/store";
import { listExperts } from "../experts/store";
import { show } from "../http/pages";
import { addressWith, oneText } from "../http/paging";
import { organizer, type Route } from "../http/route";
import { markdownToHtml } from "../markdown";
import { hasLeftSoFar } from "../messages/store";
import { stepInWords } from "../visits/rules";
import { visitById } from "../visits/store";
import {
  checkAnswer,
  checkMerging,
  checkPriority,
  checkRemark,
  checkRouting,
  checkTopic,
  idIn,
  shownIn,
} from "./form";
import { mergeQuestions, splitQuestion } from "./merging/store";
import { queueAddress } from "./queue/form";
import { queuePage } from "./queue/store";
import {
  inWords,
  isStep,
  lastStep,
  PRIORITIES,
  routingFrom,
  rowInWords,
  type Step,
  stepsFrom,
} from "./rules";
import { likeQuestion } from "./search/store";
import { changePriority, changeTopic, THE_ORGANIZER, takeStep, undoStep } from "./steps/store";
import { activityOfQuestion, askedWith, type QuestionRow, questionById, questionRows } from "./store";
import { namedSuggestions } from "./suggestions/rules";

/** As many as somebody compares by eye. */
const MOST_LIKE = 6;

export function questionRoutes({ db, suggester, now }: Deps): Route[] {
  return [
    organizer.get("/questions/:id", async (req, res) => {
      await showQuestion(req, res, { saved: req.query.saved === "yes" });
    }),

    organizer.post("/questions/:id/routing", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      const form = checkRouting(req.body);
      if (!form.ok) return showQuestion(req, res.status(422), { problems: form.problems });
      const expert = (await listExperts(db.read)).find((each) => each.slug === form.value.expert);
      const problem = !expert
        ? "There is no such expert any more."
        : expert.hidden
          ? `${expert.name} is no longer offered.`
          : question.state === "routed" && question.expert_id === expert.id
            ? `${expert.name} has it already.`
            : undefined;
      if (!expert || problem) {
        const problems = [{ field: "expert", message: problem ?? "" }];
        return showQuestion(req, res.status(422), { problems });
      }
      await step(req, res, question, routingFrom(question.state), { expertId: expert.id });
    }),

    organizer.post("/questions/:id/return", async (req, res) => {
      await stepWithReason(req, res, "given back");
    }),

    organizer.post("/questions/:id/answer", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      const form = checkAnswer(req.body);
      if (!form.ok) return showQuestion(req, res.status(422), { problems: form.problems });
      await step(req, res, question, "answered", { note: form.value.answer });
    }),

    organizer.post("/questions/:id/closing", async (req, res) => {
      await stepWithReason(req, res, "closed");
    }),

    organizer.post("/questions/:id/reopening", async (req, res) => {
      await stepWithReason(req, res, "reopened");
    }),

    organizer.post("/questions/:id/undo", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      const taken = idIn(req.body, "step");
      const shown = shownIn(req.body);
      if (!taken || !shown) throw notWhole();
      await settle(req, res, question.id, () =>
        db.write((writer) =>
          undoStep(writer, question.id, { step: taken, shown, by: THE_ORGANIZER, now: now() }),
        ),
      );
    }),

    organizer.post("/questions/:id/priority", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      const form = checkPriority(req.body);
      if (!form.ok) return showQuestion(req, res.status(422), { problems: form.problems });
      const shown = shownIn(req.body);
      if (!shown) throw notWhole();
      const { priority } = form.value;
      await settle(req, res, question.id, () =>
        db.write((writer) =>
          changePriority(writer, question.id, { priority, shown, by: THE_ORGANIZER, now: now() }),
        ),
      );
    }),

    organizer.post("/questions/:id/merging", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      const form = checkMerging(req.body);
      if (!form.ok) return showQuestion(req, res.status(422), { problems: form.problems });
      const shown = shownIn(req.body);
      if (!shown) throw notWhole();
      const other = await questionById(db.read, form.value.other.id);
      const own = { id: question.id, version: shown };
      // The one that has an answer stands for both: it is the other one's answer as well from now on.
      const isHead = question.answer !== null || other.answer === null;
      const [into, member] = isHead ? [own, form.value.other] : [form.value.other, own];
      await settle(req, res, into.id, () =>
        db.write((writer) => mergeQuestions(writer, into, [member], { by: THE_ORGANIZER, now: now() })),
      );
    }),

    organizer.post("/questions/:id/split", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      await settle(req, res, idIn(req.body, "at") ?? question.id, () =>
        db.write((writer) => splitQuestion(writer, question.id, { by: THE_ORGANIZER, now: now() })),
      );
    }),

    organizer.post("/questions/:id/topic", async (req, res) => {
      const question = await questionById(db.read, req.params.id as string);
      const event = await eventById(db.read, question.event_id);
      const lists = await listsOf(db.read, event.id);
      const form = checkTopic(req.body);
      if (!form.ok) return showQuestion(req, res.status(422), { problems: form.problems });
      const topic = form.value.topic || undefined;
      if (topic && !lists.topics.some((entry) => entry.slug === topic)) {
        const problems = [{ field: "topic", message: "There is no such topic in this event's list." }];
        return showQuestion(req, res.status(422), { problems });
      }
      await db.write((writer) =>
        changeTopic(writer, { event, lists, now: now() }, question.id, { topic, by: THE_ORGANIZER }),
      );
      res.redirect(303, addressWith(`/questions/${question.id}`, { back: backOf(req), saved: "yes" }));
    }),
  ];

  /** Does what a form asks for, and leads to a question's page. Where somebody was faster, the page shows what is. */
  async function settle(req: Request, res: Response, leadsTo: string, work: () => Promise<unknown>) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
      return showQuestion(req, res.status(409), { raced: error.message });
    }
    res.redirect(303, addressWith(`/questions/${leadsTo}`, { back: backOf(req), saved: "yes" }));
  }

  async function stepWithReason(req: Request, res: Response, taken: Step): Promise<void> {
    const question = await questionById(db.read, req.params.id as string);
    const form = checkRemark(req.body);
    if (!form.ok) return showQuestion(req, res.status(422), { problems: form.problems });
    await step(req, res, question, taken, { note: form.value.note });
  }

  /** Takes the step that a form asks for. Where somebody was faster, the page shows what is, and what was typed. */
  async function step(
    req: Request,
    res: Response,
    question: QuestionRow,
    taken: Step,
    given: { expertId?: string; note?: string },
  ): Promise<void> {
    const shown = shownIn(req.body);
    if (!shown) throw notWhole();
    try {
      await db.write((writer) =>
        takeStep(writer, question.id, { step: taken, shown, ...given, by: THE_ORGANIZER, now: now() }),
      );
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
      return showQuestion(req, res.status(409), { raced: error.message });
    }
    const back = backOf(req);
    if (!back) {
      return res.redirect(303, addressWith(`/questions/${question.id}`, { saved: "yes" }));
    }
    const list = new URL(back, "http://booth");
    list.searchParams.set("done", question.id);
    res.redirect(303, list.pathname + list.search);
  }

  /** The questions that may ask the same, of the same event and not together with it already: by a search, or by their words. */
  async function likeOrFound(question: QuestionRow, typed: string): Promise<QuestionRow[]> {
    if (question.hidden || question.merged_into !== null) return [];
    const found = typed
      ? (await queuePage(db.read, { eventId: question.event_id, search: typed }, {})).ids
      : (await likeQuestion(db.read, question, MOST_LIKE)).map((each) => each.id);
    const rows = await questionRows(db.read, found);
    return rows.filter((row) => row.id !== question.id).slice(0, MOST_LIKE);
  }

  /** The step that can be taken back now, in words. */
  async function undoable(
    question: QuestionRow,
    trail: Awaited<ReturnType<typeof activityOfQuestion>>,
  ): Promise<{ step: string; words: string } | undefined> {
    const last = lastStep(trail);
    if (!last || !isStep(last.step) || question.hidden || question.merged_into !== null) return undefined;
    const since = trail.slice(0, trail.indexOf(last)).filter((each) => each.step === "merged");
    const told = [last, ...since].map((each) => each.id);
    if (await hasLeftSoFar(db.read, told)) return undefined;
    return { step: last.id, words: stepInWords(last).words };
  }

  async function showQuestion(
    req: Request,
    res: Response,
    outcome: { problems?: FieldProblem[]; raced?: string; saved?: boolean } = {},
  ): Promise<void> {
    const question = await questionById(db.read, req.params.id as string);
    const event = await eventById(db.read, question.event_id);
    const [lists, experts, visit, activity] = await Promise.all([
      listsOf(db.read, event.id),
      listExperts(db.read),
      visitById(db.read, question.visit_id),
      activityOfQuestion(db.read, question.id),
    ]);
    const zone = event.time_zone;
    const like = oneText(req.query.like);
    const [[head], together, alike, undo, suggested] = await Promise.all([
      questionRows(db.read, question.merged_into === null ? [] : [question.merged_into]),
      askedWith(db.read, question.id),
      likeOrFound(question, like),
      undoable(question, activity),
      question.state === "open" ? suggester.suggestFor(db.read, [question.id], now()) : undefined,
    ]);
    const shownRow = (row: QuestionRow) => inWords(row, event, now());
    show(res, "questions/question", {
      title: "Question",
      section: "questions",
      styles: ["questions", "markdown"],
      event,
      answerHtml: question.answer && markdownToHtml(question.answer),
      question: rowInWords(question, event, experts, now()),
      steps: question.hidden || question.merged_into !== null ? [] : stepsFrom(question.state),
      suggestions: namedSuggestions(suggested?.get(question.id) ?? [], experts),
      due: question.due_at === null ? undefined : momentInWords(question.due_at, zone, now()),
      isLate: question.due_at !== null && question.due_at < now(),
      claimed: question.claimed_at === null ? undefined : momentInWords(question.claimed_at, zone, now()),
      priorities: PRIORITIES,
      head: head && shownRow(head),
      together: together.map(shownRow),
      like,
      alike: alike.map(shownRow),
      undo,
      contact: visit.contact,
      others: visit.questions.filter((other) => other.id !== question.id),
      topics: lists.topics.filter((topic) => !topic.hidden || topic.slug === question.topic),
      activity: activity.map((entry) => ({
        ...entry,
        when: momentInWords(entry.at, zone, now()),
        ...stepInWords(entry),
      })),
      typed: {
        answer: typeof req.body?.answer === "string" ? req.body.answer : undefined,
        note: oneText(req.body?.note, 5000),
      },
      problems: outcome.problems ?? [],
      raced: outcome.raced,
      saved: outcome.saved,
      back: backOf(req) ?? `/events/${event.slug}/questions`,
    });
  }
}

const notWhole = () =>
  new Problem("malformed", "The form did not come through whole. Please open the question again.");

/** The queue that the organizer came from, with its filters; undefined where the form came from elsewhere. */
function backOf(req: Request): string | undefined {
  const address = queueAddress(ownPath(req.body?.back ?? req.query.back));
  return address && address.pathname + address.search;
}
