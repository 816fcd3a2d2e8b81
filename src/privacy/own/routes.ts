import type { Request, Response } from "express";
import QRCode from "qrcode";
import type { Deps } from "../../deps";
import type { FieldProblem } from "../../errors";
import { eventById } from "../../events/store";
import { card } from "../../exports/cards/rules";
import { addressForVisitors } from "../../http/addresses";
import { isLanguage, languageOf, sayIn } from "../../http/languages";
import { type Page, show } from "../../http/pages";
import { oneText } from "../../http/paging";
import { anyone, type Route, staff } from "../../http/route";
import type { MessageKey } from "../../languages/say";
import { markdownToHtml } from "../../markdown";
import { withoutPersonal } from "../../questions/personal/rules";
import { dayInFull } from "../../questions/slips/rules";
import { giveOwnCode, ownCodeOf } from "../../visits/codes/store";
import { consentWords, isAnybody } from "../../visits/form";
import { codeInGroups, readOwnCode } from "../../visits/slips/rules";
import { visitForStaff } from "../../visits/store";
import { dayForVisitors } from "../notice/rules";
import { keptUntil } from "../notice/store";
import { checkDetails, consentIn, purposeIn } from "./form";
import {
  correctableOf,
  DETAILS,
  fileOf,
  nameOfDetail,
  questionInWords,
  USE_WORDS,
  usesInWords,
  visitInWords,
} from "./rules";
import { agree, correct, type Kept, keptUnder, takeOut, withdraw } from "./store";

/** Of the length and kind of a code, and none: for people to see what one looks like. */
const EXAMPLE = "KM4Q-7QXR-W93K";

/** What a visitor's page says of what they did just now. */
const DONE: Record<string, MessageKey> = {
  corrected: "own.saved",
  withdrawn: "own.withdrawn",
  given: "own.given",
};

export function ownPageRoutes(deps: Deps): Route[] {
  const { db, now } = deps;

  return [
    anyone.get("/me", (req, res) => {
      if (req.query.gone === "yes") return showGone(req, res);
      const typed = oneText(req.query.code);
      if (typed === "") return showField(req, res);
      const read = readOwnCode(typed);
      if (read.kind === "code") return res.redirect(303, `/me/${codeInGroups(read.code)}`);
      showField(req, res.status(422), typed, read.kind);
    }),

    anyone.get("/me/:code", async (req, res) => {
      const kept = await keptFor(req, res);
      if (kept) await showKept(req, res, kept);
    }),

    anyone.post("/me/:code/details", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      const say = sayIn(languageOf(req));
      const form = checkDetails(req.body, say);
      if (!form.ok) return showKept(req, res.status(422), kept, form.problems);
      const details = Object.fromEntries(correctableOf(kept).map((field) => [field, form.value[field]]));
      if (!isAnybody({ ...withoutNulls(kept.details), ...details })) {
        const problems = [{ field: "", message: say("own.needs-one") }];
        return showKept(req, res.status(422), kept, problems);
      }
      await db.write((writer) => correct(writer, kept, form.value, now()));
      backTo(req, res, "corrected");
    }),

    anyone.post("/me/:code/consents", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      const given = consentIn(req.body);
      if (!given || kept.isInBin) return showKept(req, res.status(422), kept, [changed(req)]);
      // In the language in which the page was read, whatever was chosen in another window since.
      const language = isLanguage(given.language) ? given.language : languageOf(req);
      const say = sayIn(language);
      const words = consentWords(say(USE_WORDS[given.purpose]), say("own.give"));
      await db.write((writer) => agree(writer, kept, { purpose: given.purpose, words, language }, now()));
      backTo(req, res, "given");
    }),

    anyone.post("/me/:code/consents/:purpose/withdrawal", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      const purpose = purposeIn(req.params.purpose);
      if (!purpose || kept.isInBin) return showKept(req, res.status(422), kept, [changed(req)]);
      await db.write((writer) => withdraw(writer, kept, purpose, now()));
      backTo(req, res, "withdrawn");
    }),

    anyone.get("/me/:code/card.vcf", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      const details = Object.fromEntries(DETAILS.map((field) => [field, kept.details[field] ?? null]));
      const written = card(
        {
          visitId: "visitId" in kept.of ? kept.of.visitId : kept.of.questionId,
          contact: details as Parameters<typeof card>[0]["contact"],
          consent: kept.consents.map(({ purpose }) => purpose),
          agreedAt: Math.max(kept.since, ...kept.consents.map(({ given_at }) => given_at)),
          questions: kept.questions.map(({ text }) => text),
        },
        kept.event.name,
      );
      res.attachment("my-details.vcf").type("text/vcard").send(`${written}\r\n`);
    }),

    anyone.get("/me/:code/everything.json", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      const until = await keptUntil(db.read, kept.event);
      const answers = kept.questions.map((question) => answerOf(question));
      res
        .attachment("my-details.json")
        .type("json")
        .send(`${JSON.stringify(fileOf(kept, { until, answers }), null, 2)}\n`);
    }),

    anyone.get("/me/:code/erasure", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      showToVisitor(req, res, "privacy/take-out", {
        title: sayIn(languageOf(req))("own.out-sure"),
        here: `${addressOf(req)}/erasure`,
        back: addressOf(req),
        at: kept.event.name,
        isOnlyAsked: kept.visit === undefined,
      });
    }),

    anyone.post("/me/:code/erasure", async (req, res) => {
      const kept = await keptFor(req, res);
      if (!kept) return;
      await db.write((writer) => takeOut(writer, kept, now()));
      res.redirect(303, "/me?gone=yes");
    }),

    staff.get("/visits/:id/own-code", async (req, res, caller) => {
      const visit = await visitForStaff(db.read, req.params.id as string, caller);
      const code = await ownCodeOf(db.read, { visitId: visit.id });
      const language = languageOf(req);
      const base = addressForVisitors(deps, req.socket);
      const shown = code && codeInGroups(code);
      const link = shown && (base ? `${base}/me/${shown}` : shown);
      show(res, "privacy/own-code", {
        title: sayIn(language)("own.page"),
        language,
        styles: ["slips", "own"],
        width: "narrow",
        event: await eventById(db.read, visit.event_id),
        back: caller.kind === "organizer" ? `/visits/${visit.id}` : `/capture?visit=${visit.id}`,
        visitId: visit.id,
        hasDetails: visit.contact !== undefined,
        code: shown,
        place: base && `${base.replace(/^https?:\/\//, "")}/me`,
        qr: link && (await QRCode.toString(link, { type: "svg", margin: 2, errorCorrectionLevel: "M" })),
      });
    }),

    staff.post("/visits/:id/own-code", async (req, res, caller) => {
      const visit = await visitForStaff(db.read, req.params.id as string, caller);
      await db.write((writer) => giveOwnCode(writer, { visitId: visit.id }));
      res.redirect(303, `/visits/${visit.id}/own-code`);
    }),
  ];

  /** What is kept under the code in the address; where there is nothing, the answer has been given. */
  async function keptFor(req: Request, res: Response): Promise<Kept | undefined> {
    const typed = req.params.code as string;
    const read = readOwnCode(typed);
    if (read.kind !== "code") {
      showField(req, res.status(422), typed.slice(0, 200), read.kind);
      return undefined;
    }
    const kept = await keptUnder(db.read, read.code);
    if (!kept) showNothing(req, res.status(404));
    return kept;
  }

  async function showKept(
    req: Request,
    res: Response,
    kept: Kept,
    problems: FieldProblem[] = [],
  ): Promise<void> {
    const language = languageOf(req);
    const say = sayIn(language);
    const until = await keptUntil(db.read, kept.event);
    const typed = (req.method === "POST" ? req.body : kept.details) as Record<string, unknown>;
    showToVisitor(req, res, "privacy/own", {
      title: say("own.kept"),
      here: addressOf(req),
      address: addressOf(req),
      code: codeInGroups(addressOf(req).slice("/me/".length).replaceAll("-", "")),
      at: kept.event.name,
      slug: kept.event.slug,
      since: say("own.since", { day: dayInFull(kept.since, kept.event.time_zone, language) }),
      until: say("own.until", { day: dayForVisitors(until, language) }),
      isInBin: kept.isInBin,
      isOnlyAsked: kept.visit === undefined,
      details: DETAILS.flatMap((field) =>
        kept.details[field] ? [[nameOfDetail(say, field), kept.details[field]]] : [],
      ),
      fields: correctableOf(kept).map((field) => ({
        field,
        name: nameOfDetail(say, field),
        value: oneText(typed[field], 500),
      })),
      isCorrecting: problems.length > 0 && !problems.some(({ field }) => field === "page"),
      uses: usesInWords(kept, say, language),
      questions: kept.questions.map((question) => {
        const answer = answerOf(question);
        return {
          ...questionInWords(question, kept, say, language),
          answer: answer && markdownToHtml(answer),
        };
      }),
      facts: visitInWords(kept, say),
      done: DONE[oneText(req.query.done)],
      problems,
    });
  }
}

/** The answer as its visitor reads it: without what others left of themselves who asked the same. */
function answerOf({ answer, state, others }: Kept["questions"][number]): string | undefined {
  if (!answer || (state !== "answered" && state !== "closed")) return undefined;
  return others.length > 0 ? withoutPersonal(answer, others, "known") : answer;
}

function changed(req: Request): FieldProblem {
  return { field: "page", message: sayIn(languageOf(req))("own.changed") };
}

function withoutNulls(details: Kept["details"]): object {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== null));
}

/** The address of the page that a request is about, with the code as people read it. */
function addressOf(req: Request): string {
  const read = readOwnCode(req.params.code as string);
  return `/me/${read.kind === "code" ? codeInGroups(read.code) : ""}`;
}

function backTo(req: Request, res: Response, done: string): void {
  res.redirect(303, `${addressOf(req)}?done=${done}`);
}

/** Nobody finds these pages by searching. */
function showToVisitor<P extends Page>(req: Request, res: Response, view: string, page: P): void {
  res.set("X-Robots-Tag", "noindex, nofollow");
  const frame = { language: languageOf(req), styles: ["slips", "markdown", "own"], bare: true };
  show(res, view, { ...frame, width: "narrow", ...page });
}

/** The field for a code. With `kind`, what was typed is none, and says so before anything was looked up. */
function showField(req: Request, res: Response, typed = "", kind?: "slip" | "none"): void {
  const say = sayIn(languageOf(req));
  const message = kind === "slip" ? say("own.wrong-character") : say("own.no-code", { example: EXAMPLE });
  showToVisitor(req, res, "privacy/field", {
    title: say("own.type"),
    here: "/me",
    typed,
    example: EXAMPLE,
    problems: kind ? [{ field: "code", message }] : [],
  });
}

/** The same page for every code under which there is nothing, whatever the reason: it does not even say the code. */
function showNothing(req: Request, res: Response): void {
  showToVisitor(req, res, "privacy/nothing", { title: sayIn(languageOf(req))("own.type"), here: "/me" });
}

function showGone(req: Request, res: Response): void {
  showToVisitor(req, res, "privacy/gone", {
    title: sayIn(languageOf(req))("own.gone"),
    here: "/me?gone=yes",
  });
}
