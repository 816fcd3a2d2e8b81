import type { Request, Response } from "express";
import type { Deps } from "../../deps";
import { type FieldProblem, Problem } from "../../errors";
import { localTime } from "../../events/rules";
import { expertOfLink } from "../../experts/links/store";
import { byTopic, isAway, isPublic } from "../../experts/rules";
import { type Expert, listExperts } from "../../experts/store";
import { show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { anyone, type Handler, type Route } from "../../http/route";
import { markdownToHtml } from "../../markdown";
import { checkAnswer, checkRemark, checkRouting, shownIn } from "../form";
import type { Step } from "../rules";
import { answeredLike } from "../similar/store";
import { takeStep } from "../steps/store";
import type { QuestionRow } from "../store";
import { namedSuggestions } from "../suggestions/rules";
import { checkCapacity } from "./form";
import { absenceInWords, fewerAndMore, questionForExpert, weeklyInWords, whereItWent } from "./rules";
import {
  answeredLately,
  askersOf,
  cameBackFrom,
  eventNames,
  findFor,
  handOverOf,
  keepCapacity,
  othersAsking,
  questionsWith,
} from "./store";

/** What an expert typed, and into which of the page's forms. */
interface Typed {
  into?: "answer" | "passing" | "return";
  answer?: string;
  expert?: string;
  note?: string;
}

interface Outcome {
  typed?: Typed;
  problems?: FieldProblem[];
  raced?: string;
  previewHtml?: string;
}

/** An expert's private page. Whoever has the link is the expert, for what is theirs and for nothing else. */
export function answeringRoutes({ db, suggester, now }: Deps): Route[] {
  /** A handler that is told whose link it is. A link that is no good is answered before anything is looked for. */
  const withLink =
    (handle: (req: Request, res: Response, expert: Expert) => unknown): Handler =>
    async (req, res) => {
      await handle(req, res, await expertOfLink(db.read, req.params.token as string));
    };
  const pageOf = (req: Request) => `/x/${req.params.token}`;

  return [
    anyone.get("/x/:token", withLink(showList)),

    anyone.post(
      "/x/:token/capacity",
      withLink(async (req, res, expert) => {
        const form = checkCapacity(req.body, localTime(now(), expert.time_zone).day);
        if (!form.ok) return showList(req, res.status(422), expert, form.problems);
        await db.write((writer) => keepCapacity(writer, expert.id, form.value));
        res.redirect(303, `${pageOf(req)}?done=time#time`);
      }),
    ),

    anyone.get(
      "/x/:token/questions/:id",
      withLink(async (req, res, expert) => {
        const question = await questionOf(req, res, expert);
        if (question) await showQuestion(req, res, expert, question);
      }),
    ),

    anyone.post(
      "/x/:token/questions/:id/claim",
      withLink(async (req, res, expert) => {
        const question = await questionOf(req, res, expert);
        if (!question) return;
        if (await step(req, res, expert, question, "claimed", {})) {
          res.redirect(303, `${pageOf(req)}/questions/${question.id}#answering`);
        }
      }),
    ),

    anyone.post(
      "/x/:token/questions/:id/preview",
      withLink(async (req, res, expert) => {
        const typed: Typed = { into: "answer", answer: typedIn(req.body?.answer) };
        const question = await questionOf(req, res, expert, typed);
        if (!question) return;
        const form = checkAnswer(req.body);
        const outcome = form.ok
          ? { previewHtml: markdownToHtml(form.value.answer) }
          : { problems: form.problems };
        await showQuestion(req, res.status(form.ok ? 200 : 422), expert, question, { typed, ...outcome });
      }),
    ),

    anyone.post(
      "/x/:token/questions/:id/answer",
      withLink(async (req, res, expert) => {
        const typed: Typed = { into: "answer", answer: typedIn(req.body?.answer) };
        const question = await questionOf(req, res, expert, typed);
        if (!question) return;
        const form = checkAnswer(req.body);
        if (!form.ok) {
          return showQuestion(req, res.status(422), expert, question, { typed, problems: form.problems });
        }
        const { answer } = form.value;
        // Sent twice, or saved without a change: nobody is told again.
        const isSame = question.state === "answered" && question.answer === answer;
        if (isSame || (await step(req, res, expert, question, "answered", { note: answer }, typed))) {
          done(req, res, { done: "answered", question: question.id });
        }
      }),
    ),

    anyone.post(
      "/x/:token/questions/:id/passing",
      withLink(async (req, res, expert) => {
        const note = typedIn(req.body?.note);
        const typed: Typed = { into: "passing", note, expert: oneText(req.body?.expert) };
        const question = await questionOf(req, res, expert, typed);
        if (!question) return;
        const [form, remark] = [checkRouting(req.body), checkRemark(req.body)];
        const problems = [form, remark].flatMap((each) => (each.ok ? [] : each.problems));
        const getter = (await offered(expert)).find((each) => form.ok && each.slug === form.value.expert);
        if (form.ok && !getter) {
          problems.push({ field: "expert", message: "Please choose somebody from the list." });
        }
        if (!getter || !remark.ok || problems.length > 0) {
          return showQuestion(req, res.status(422), expert, question, { typed, problems });
        }
        const given = { expertId: getter.id, note: remark.value.note };
        if (await step(req, res, expert, question, "passed on", given, typed)) {
          done(req, res, { done: "passed", to: getter.slug });
        }
      }),
    ),

    anyone.post(
      "/x/:token/questions/:id/return",
      withLink(async (req, res, expert) => {
        const typed: Typed = { into: "return", note: typedIn(req.body?.note) };
        const question = await questionOf(req, res, expert, typed);
        if (!question) return;
        const form = checkRemark(req.body);
        if (!form.ok) {
          return showQuestion(req, res.status(422), expert, question, { typed, problems: form.problems });
        }
        if (await step(req, res, expert, question, "given back", { note: form.value.note }, typed)) {
          done(req, res, { done: "returned" });
        }
      }),
    ),
  ];

  function done(req: Request, res: Response, said: Record<string, string>): void {
    res.redirect(303, addressWith(pageOf(req), said));
  }

  /** The other experts who can be passed a question. */
  async function offered(expert: Expert): Promise<Expert[]> {
    return (await listExperts(db.read)).filter((each) => !each.hidden && each.id !== expert.id);
  }

  /**
   * The question that is asked for, where it is theirs. Otherwise the answer is given here, with what was `typed`: who
   * asks for a question that they never had is told what is told of one that does not exist.
   */
  async function questionOf(
    req: Request,
    res: Response,
    expert: Expert,
    typed: Typed = {},
  ): Promise<QuestionRow | undefined> {
    const found = await findFor(db.read, expert.id, req.params.id as string);
    if (found.is === "theirs") return found.row;
    const isRead = req.method !== "POST";
    if (found.is === "merged") {
      if (isRead) return void res.redirect(303, `${pageOf(req)}/questions/${found.into}`);
      const head = await findFor(db.read, expert.id, found.into);
      if (head.is === "theirs") {
        const raced = "This question is asked together with another one now: here it is.";
        return void (await showQuestion(req, res.status(409), expert, head.row, { raced, typed }));
      }
    }
    const where = found.is === "lost" && !isRead ? whereItWent(found.row) : undefined;
    show(res.status(where ? 409 : 404), "questions/answering/elsewhere", {
      ...frameOf(req, expert, where ? "Not with you any more" : "No such question"),
      where,
      typed: typed.answer ?? typed.note,
    });
  }

  /** Takes a step for the expert. Where somebody was faster, shows what is, with what was typed, and gives false. */
  async function step(
    req: Request,
    res: Response,
    expert: Expert,
    question: QuestionRow,
    taken: Step,
    given: { expertId?: string; note?: string },
    typed: Typed = {},
  ): Promise<boolean> {
    const shown = shownIn(req.body);
    if (!shown) {
      throw new Problem("malformed", "The form did not come through whole. Please open the question again.");
    }
    const by = { kind: "expert" as const, name: expert.name, expertId: expert.id };
    try {
      await db.write((writer) =>
        takeStep(writer, question.id, { step: taken, shown, ...given, by, now: now() }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
      const there = await questionOf(req, res, expert, typed);
      // Tapped twice: it is as they wanted it.
      if (taken === "claimed" && there?.claimed_at) return true;
      if (taken === "answered" && there?.answer === given.note) return true;
      if (there) await showQuestion(req, res.status(409), expert, there, { raced: error.message, typed });
      return false;
    }
  }

  function frameOf(req: Request, expert: Expert, title: string) {
    return {
      title,
      styles: ["answering", "markdown"],
      scripts: ["answering"],
      width: "narrow" as const,
      bare: true,
      base: pageOf(req),
      expert: { name: expert.name, isPlace: isPublic(expert.kind) },
    };
  }

  async function showList(
    req: Request,
    res: Response,
    expert: Expert,
    problems: FieldProblem[] = [],
  ): Promise<void> {
    const [waiting, late, answered] = await Promise.all([
      questionsWith(db.read, expert.id),
      cameBackFrom(db.read, expert.id),
      answeredLately(db.read, expert.id),
    ]);
    const rows = [...waiting, ...late, ...answered];
    const [others, events, experts] = await Promise.all([
      othersAsking(
        db.read,
        rows.map((row) => row.id),
      ),
      eventNames(
        db.read,
        rows.map((row) => row.event_id),
      ),
      offered(expert),
    ]);
    const inWords = (row: QuestionRow) =>
      questionForExpert(
        row,
        { event: events.get(row.event_id), others: others.get(row.id) ?? 0, askers: [] },
        expert,
        now(),
      );
    const today = localTime(now(), expert.time_zone).day;
    show(res, "questions/answering/list", {
      ...frameOf(req, expert, `Questions for ${expert.name}`),
      waiting: waiting.map(inWords),
      late: late.map(inWords),
      answered: answered.map(inWords),
      done: oneText(req.query.done),
      sent: answered.find((row) => row.id === oneText(req.query.question))?.id,
      passedTo: experts.find((each) => each.slug === oneText(req.query.to))?.name,
      weekly: { now: weeklyInWords(expert.weekly), ...fewerAndMore(expert.weekly) },
      weeklyInWords,
      absence: absenceInWords(expert.away_from, expert.away_until, today),
      today,
      away: {
        from: oneText(req.body?.awayFrom) || (expert.away_from ?? ""),
        until: oneText(req.body?.awayUntil) || (expert.away_until ?? ""),
      },
      problems,
    });
  }

  async function showQuestion(
    req: Request,
    res: Response,
    expert: Expert,
    row: QuestionRow,
    { typed = {}, problems = [], raced, previewHtml }: Outcome = {},
  ): Promise<void> {
    const [others, askers, handOver, events, experts, similar, suggested] = await Promise.all([
      othersAsking(db.read, [row.id]),
      isPublic(expert.kind) ? [] : askersOf(db.read, row.id),
      handOverOf(db.read, row.id, expert.id),
      eventNames(db.read, [row.event_id]),
      offered(expert),
      answeredLike(db.read, suggester, row.text, { most: 3, except: row.id }),
      suggester.suggestFor(db.read, [row.id], now()),
    ]);
    const question = questionForExpert(
      row,
      { event: events.get(row.event_id), others: others.get(row.id) ?? 0, askers, handOver },
      expert,
      now(),
    );
    const there = experts.map((each) => ({
      ...each,
      isAway: isAway(each, localTime(now(), each.time_zone).day),
    }));
    const likely = namedSuggestions(suggested.get(row.id) ?? [], there).map((each) => each.expertId);
    show(res, "questions/answering/question", {
      ...frameOf(req, expert, "A question for you"),
      question,
      // Who was told how it stands decides on that; who only looked at their words decides on what they saw.
      version: raced ? row.version : (shownIn(req.body) ?? row.version),
      suggested: likely.flatMap((id) => there.find((each) => each.id === id) ?? []),
      getters: byTopic(
        there.filter((each) => !likely.includes(each.id)),
        row.topic ?? undefined,
      ),
      similar: similar.map(({ text, answer }) => ({ text, answerHtml: markdownToHtml(answer) })),
      typed,
      problems,
      raced,
      previewHtml,
    });
  }
}

/** A text of several lines as it was typed, to stand in the page again. */
function typedIn(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, 20_000) : undefined;
}
