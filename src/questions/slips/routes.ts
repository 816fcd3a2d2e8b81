import type { Request, Response } from "express";
import QRCode from "qrcode";
import type { Deps } from "../../deps";
import { type FieldProblem, Problem } from "../../errors";
import { localTime, momentInWords } from "../../events/rules";
import { eventById, eventBySlug } from "../../events/store";
import { addressForVisitors } from "../../http/addresses";
import { OWN_PAGE_COOKIE, secretsOf } from "../../http/cookies";
import { isLanguage, languageOf, sayIn } from "../../http/languages";
import { type Page, show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { anyone, organizer, type Route, type StaffCaller, staff, wantsJson } from "../../http/route";
import type { Language, MessageKey } from "../../languages/say";
import { markdownToHtml } from "../../markdown";
import { ownCodeOf } from "../../visits/codes/store";
import { daySpan } from "../../visits/rules";
import { codeInGroups, newCode, readCode, readOwnCode, slipLink, slipWay } from "../../visits/slips/rules";
import { slipOf } from "../../visits/slips/store";
import { giveSlip, ORGANIZER, placeOf, takeSlip } from "../../visits/store";
import { withoutPersonal } from "../personal/rules";
import {
  A_SHEET,
  dayInFull,
  MOST_AT_ONCE,
  onSheets,
  PAPERS,
  STATIONS,
  stationsPassed,
  TOLD_WORDS,
  toldOf,
} from "./rules";
import { codesOfEvent, questionForSlip, questionsOfEvent, questionsToPrint, slipPage } from "./store";

/** As many questions as the page for printing lists. */
const MOST_LISTED = 500;
/** Of the length and kind of a code, and none: for people to see what one looks like. */
const EXAMPLE = "KM4-7QX-RW92";

export function slipRoutes(deps: Deps): Route[] {
  const { db, now } = deps;

  return [
    anyone.get("/s", (req, res) => {
      const typed = oneText(req.query.code);
      if (typed === "") return showField(req, res);
      // People have one field in mind, whichever of their codes it is.
      const own = readOwnCode(typed);
      if (own.kind === "code") return res.redirect(303, `/me/${codeInGroups(own.code)}`);
      const read = readCode(typed);
      if (read.kind === "code") return res.redirect(303, `/s/${codeInGroups(read.code)}`);
      showField(req, res.status(422), typed, read.kind);
    }),

    anyone.get("/s/:code", async (req, res, caller) => {
      const typed = req.params.code as string;
      const read = readCode(typed);
      if (read.kind !== "code") return showField(req, res.status(422), typed.slice(0, 200), read.kind);
      const found = await slipPage(db.read, read.code);
      if (!found) return showNothing(req, res.status(404));
      const language = languageOf(req);
      const say = sayIn(language);
      const code = codeInGroups(read.code);
      const told = toldOf(found.state);
      const isNew = req.query.new === "yes";
      const own = isNew ? await ownPageOf(req, found.askedId) : undefined;
      showToVisitor(res, "slips/answer", {
        title: say("visitor.title"),
        language,
        styles: ["slips", "markdown"],
        here: `/s/${code}`,
        code,
        isNew,
        questionId: caller.kind === "organizer" ? found.questionId : undefined,
        slip: isNew ? await drawn(req, code, language) : undefined,
        own,
        topic: found.topic,
        at: found.event,
        slug: found.slug,
        asked: dayInFull(found.askedAt, found.timeZone, language),
        told,
        words: say(TOLD_WORDS[told]),
        stations: STATIONS,
        passed: stationsPassed(told),
        answer:
          found.answer && (told === "answered" || told === "closed")
            ? markdownToHtml(withoutPersonal(found.answer, found.visitors, "known"))
            : undefined,
      });
    }),

    staff.get("/questions/:id/slip", async (req, res, caller) => {
      await showSlip(req, res, caller);
    }),

    staff.post("/questions/:id/slip", async (req, res, caller) => {
      const question = await questionOf(req, caller);
      const actor = placeOf(caller).staffName;
      const typed = oneText(req.body.code);
      if (typed !== "") {
        const refusal = await takePrinted(question.id, typed, actor);
        if (refusal) {
          const problems = [{ field: "code", message: sayIn(languageOf(req))(refusal) }];
          return showSlip(req, res.status(422), caller, problems, typed);
        }
      }
      const code = await db.write((writer) => giveSlip(writer, question.id, actor, now()));
      if (wantsJson(req)) {
        const { link } = await drawn(req, codeInGroups(code), languageOf(req));
        return res.json({ code: codeInGroups(code), link });
      }
      res.redirect(303, `/questions/${question.id}/slip`);
    }),

    organizer.get("/events/:slug/slips", async (req, res) => {
      await showChoice(req, res);
    }),

    organizer.post("/events/:slug/slips", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const asked = [req.body.question]
        .flat()
        .map((id) => oneText(id))
        .filter((id) => id !== "");
      const ids = await questionsOfEvent(db.read, event.id, asked.slice(0, MOST_AT_ONCE + 1));
      if (ids.length === 0 || asked.length > MOST_AT_ONCE) {
        const message =
          ids.length === 0
            ? "Please choose at least one question."
            : `That is more than ${MOST_AT_ONCE} at once. Please print them in parts.`;
        return showChoice(req, res.status(422), [{ field: "question", message }]);
      }
      const codes = await db.write(async (writer) => {
        const given: string[] = [];
        for (const id of ids) given.push(await giveSlip(writer, id, ORGANIZER, now()));
        return given;
      });
      const { paper, language } = paperOf(req.body);
      res.redirect(
        303,
        addressWith(`/events/${event.slug}/slips/sheet`, { paper, language, codes: codes.join(".") }),
      );
    }),

    organizer.get("/events/:slug/slips/sheet", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const { paper, language } = paperOf(req.query);
      const asked = oneText(req.query.codes, 2000)
        .split(".")
        .flatMap((typed) => {
          const read = readCode(typed);
          return read.kind === "code" ? [read.code] : [];
        });
      // Codes that lead nowhere yet: they are bound to a question when somebody types them.
      const sheets = Math.min(MOST_AT_ONCE / A_SHEET, Number(oneText(req.query.blank)) || 0);
      const codes =
        asked.length > 0
          ? await codesOfEvent(db.read, event.id, asked.slice(0, MOST_AT_ONCE))
          : Array.from({ length: Math.max(0, Math.floor(sheets)) * A_SHEET }, () => newCode());
      const slips = await Promise.all(codes.map((code) => drawn(req, codeInGroups(code), language)));
      show(res, "slips/sheet", {
        title: "Slips",
        language,
        styles: ["slips", `paper-${paper}`],
        bare: true,
        width: "full",
        event,
        paper,
        sheets: paper === "a4" ? onSheets(slips) : slips.map((slip) => [slip]),
      });
    }),
  ];

  /** The code of the asker's own page, on the phone on which they have just left their details, and on no other. */
  async function ownPageOf(req: Request, askedId: string | undefined): Promise<string | undefined> {
    if (!askedId) return undefined;
    const own = await ownCodeOf(db.read, { questionId: askedId });
    return own && secretsOf(req, OWN_PAGE_COOKIE).includes(own) ? codeInGroups(own) : undefined;
  }

  /** A slip with its QR code, as pages show and print it. */
  async function drawn(req: Request, code: string, language: Language) {
    const way = wayOf(deps, req);
    const say = sayIn(language);
    const link = slipLink(way, code, {
      subject: say("visitor.mail-subject"),
      body: say("visitor.mail-body"),
    });
    return {
      code,
      link,
      way: way.kind,
      /** Where the code can be typed, without what nobody types. */
      place: way.kind === "page" ? `${way.address.replace(/^https?:\/\//, "")}/s` : "",
      to: way.kind === "mail" ? way.to : "",
      qr: await QRCode.toString(link, { type: "svg", margin: 2, errorCorrectionLevel: "M" }),
    };
  }

  /** Binds a slip that was printed in advance; gives what there is to say where that cannot be. */
  async function takePrinted(
    questionId: string,
    typed: string,
    actor: string,
  ): Promise<MessageKey | undefined> {
    const read = readCode(typed);
    if (read.kind !== "code") return "problem.slip";
    const slip = { code: read.code, questionId, actor, now: now() };
    const bound = await db.write((writer) => takeSlip(writer, slip));
    return bound === "taken" ? "slip.of-another" : undefined;
  }

  async function showSlip(
    req: Request,
    res: Response,
    caller: StaffCaller,
    problems: FieldProblem[] = [],
    typed = "",
  ): Promise<void> {
    const question = await questionOf(req, caller);
    const event = await eventById(db.read, question.event_id);
    const language = languageOf(req);
    const code = await slipOf(db.read, question.id);
    show(res, "slips/slip", {
      title: sayIn(language)("slip.title"),
      language,
      styles: ["slips"],
      width: "narrow",
      event,
      question,
      isOrganizer: caller.kind === "organizer",
      slip: code && (await drawn(req, codeInGroups(code), language)),
      code,
      typed,
      problems,
    });
  }

  /** The question that staff want a slip of: a device of what it logged, the organizer of any. */
  async function questionOf(req: Request, caller: StaffCaller) {
    const question = await questionForSlip(db.read, req.params.id as string);
    if (!question || (caller.kind === "device" && question.device_id !== caller.id)) {
      throw new Problem("missing", "refused.no-question");
    }
    if (question.hidden) throw new Problem("conflict", "refused.question-in-bin");
    return question;
  }

  async function showChoice(req: Request, res: Response, problems: FieldProblem[] = []): Promise<void> {
    const event = await eventBySlug(db.read, req.params.slug as string);
    const today = daySpan(localTime(now(), event.time_zone).day, event.time_zone);
    const isAll = req.query.of === "all";
    const from = isAll ? Number.MIN_SAFE_INTEGER : (today?.from ?? 0);
    const questions = await questionsToPrint(db.read, event.id, from, MOST_LISTED);
    show(res, "slips/choose", {
      title: "Print slips",
      section: "questions",
      styles: ["questions", "slips"],
      event,
      isAll,
      most: MOST_AT_ONCE,
      isCut: questions.length === MOST_LISTED,
      questions: questions.map((question) => ({
        ...question,
        asked: momentInWords(question.asked_at, event.time_zone, now()),
      })),
      chosen: [req.body?.question ?? []].flat(),
      paper: paperOf(req.body ?? {}).paper,
      printed: paperOf(req.body ?? {}).language,
      way: wayOf(deps, req),
      publicUrl: deps.config.publicUrl,
      problems,
    });
  }
}

/** Where the QR codes of slips lead from here. */
function wayOf(deps: Deps, req: Request) {
  return slipWay({ ...deps.config, nearby: addressForVisitors(deps, req.socket) });
}

/** On which paper, and in which of the visitors' languages. */
function paperOf(said: Record<string, unknown>) {
  const paper = PAPERS.find((each) => each === said.paper) ?? "a4";
  const language: Language = isLanguage(said.language) ? said.language : "en";
  return { paper, language };
}

/** Nobody finds these pages by searching. */
function showToVisitor<P extends Page>(res: Response, view: string, page: P): void {
  show(res, view, { width: "narrow", bare: true, ...page });
}

/** The field for a code. With `kind`, what was typed is none, and says so before anything was looked up. */
function showField(req: Request, res: Response, typed = "", kind?: "slip" | "none"): void {
  const language = languageOf(req);
  const say = sayIn(language);
  const message =
    kind === "slip" ? say("visitor.wrong-character") : say("visitor.no-code", { example: EXAMPLE });
  showToVisitor(res, "slips/field", {
    title: say("visitor.type-title"),
    language,
    styles: ["slips"],
    here: "/s",
    typed,
    example: EXAMPLE,
    problems: kind ? [{ field: "code", message }] : [],
  });
}

/** The same page for every code under which there is nothing, whatever the reason: it does not even say the code. */
function showNothing(req: Request, res: Response): void {
  const language = languageOf(req);
  showToVisitor(res, "slips/nothing", {
    title: sayIn(language)("visitor.type-title"),
    language,
    styles: ["slips"],
    here: "/s",
  });
}
