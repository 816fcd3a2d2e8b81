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
import { stepInWords } from "../visits/rules";
import { ORGANIZER, visitById } from "../visits/store";
import { checkAnswer, checkRemark, checkRouting, checkTopic, shownIn } from "./form";
import { routingFrom, rowInWords, type Step, stepsFrom, type Taker } from "./rules";
import { changeTopic, takeStep } from "./steps/store";
import { activityOfQuestion, type QuestionRow, questionById } from "./store";

const THE_ORGANIZER: Taker = { kind: "organizer", name: ORGANIZER };

export function questionRoutes({ db, now }: Deps): Route[] {
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
    if (!shown) {
      throw new Problem("malformed", "The form did not come through whole. Please open the question again.");
    }
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
    show(res, "questions/question", {
      title: "Question",
      section: "questions",
      styles: ["questions", "markdown"],
      event,
      answerHtml: question.answer && markdownToHtml(question.answer),
      question: rowInWords(question, event, experts, now()),
      steps: question.hidden ? [] : stepsFrom(question.state),
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

/** The queue that the organizer came from, with its filters; undefined where the form came from elsewhere. */
function backOf(req: Request): string | undefined {
  const asked = ownPath(req.body?.back ?? req.query.back);
  return /^\/events\/[^/?#]+\/questions(\?|$)/.test(asked) ? asked : undefined;
}
