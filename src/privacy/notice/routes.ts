import type { Request, Response } from "express";
import QRCode from "qrcode";
import type { Deps } from "../../deps";
import { type FieldProblem, Problem } from "../../errors";
import { chosenEvent, type Event, eventBySlug } from "../../events/store";
import { addressForVisitors } from "../../http/addresses";
import { isLanguage, languageOf, sayIn } from "../../http/languages";
import { show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { anyone, organizer, type Route } from "../../http/route";
import { LANGUAGES, type Language } from "../../languages/say";
import { checkController } from "./form";
import { dayForVisitors, noticeOf, PAPERS } from "./rules";
import { controllerOf, keptUntil, lastController, setController } from "./store";

export function noticeRoutes(deps: Deps): Route[] {
  const { db, now } = deps;

  return [
    anyone.get("/privacy", async (req, res) => {
      const event = await eventToTellOf(req);
      const language = languageOf(req);
      const say = sayIn(language);
      show(res, "privacy/notice", {
        title: say("privacy.title"),
        language,
        styles: ["slips", "own"],
        width: "narrow",
        bare: true,
        here: addressWith("/privacy", { event: event?.slug }),
        at: event?.name,
        sections: event
          ? noticeOf(say, language, {
              until: await keptUntil(db.read, event),
              controller: await controllerOf(db.read, event.id),
            })
          : [],
      });
    }),

    organizer.get("/events/:slug/notice", async (req, res) => {
      await showNotice(req, res);
    }),

    organizer.post("/events/:slug/notice", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const form = checkController(req.body);
      if (!form.ok) return showNotice(req, res.status(422), form.problems);
      await db.write((writer) => setController(writer, event.id, form.value));
      res.redirect(303, `/events/${event.slug}/notice?saved=yes`);
    }),

    organizer.get("/events/:slug/notice/sheet", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const paper = PAPERS.find((each) => each === req.query.paper) ?? "a4";
      const asked = [req.query.language].flat().filter(isLanguage);
      const languages: Language[] = asked.length > 0 ? [...new Set(asked)] : ["en"];
      const [until, controller] = await Promise.all([
        keptUntil(db.read, event),
        controllerOf(db.read, event.id),
      ]);
      const base = addressForVisitors(deps, req.socket);
      const address = base && `${base}${addressWith("/privacy", { event: event.slug })}`;
      show(res, "privacy/sheet", {
        title: "Privacy notice to print",
        styles: ["slips", "own", `notice-${paper}`],
        bare: true,
        width: "full",
        event,
        paper,
        isSaid: controller !== undefined,
        shownAddress: base && `${base.replace(/^https?:\/\//, "")}/privacy`,
        qr:
          address && (await QRCode.toString(address, { type: "svg", margin: 2, errorCorrectionLevel: "M" })),
        sheets: languages.map((language) => {
          const say = sayIn(language);
          return {
            language,
            title: say("privacy.title"),
            sections: noticeOf(say, language, { until, controller }),
            card: say("privacy.card", { day: dayForVisitors(until, language) }),
            responsible: controller ? `${controller.name}, ${controller.reach}` : "",
            more: say("privacy.scan"),
            qr: say("privacy.qr"),
          };
        }),
      });
    }),
  ];

  /** The event that the notice is about; one that is not there any more says nothing of it. */
  function eventToTellOf(req: Request): Promise<Event | undefined> {
    return chosenEvent(db.read, oneText(req.query.event), now()).catch((error: unknown) => {
      if (error instanceof Problem) return undefined;
      throw error;
    });
  }

  async function showNotice(req: Request, res: Response, problems: FieldProblem[] = []): Promise<void> {
    const event = await eventBySlug(db.read, req.params.slug as string);
    const said = await controllerOf(db.read, event.id);
    // Most often it is who was responsible last time: offered, and not said until it is saved.
    const offered = said ?? (await lastController(db.read));
    const typed = req.method === "POST" ? req.body : offered;
    show(res, "privacy/set-up", {
      title: "Privacy notice",
      section: "events",
      styles: ["own"],
      event,
      isSaid: said !== undefined,
      isOffered: !said && offered !== undefined,
      typed: {
        name: oneText(typed?.name, 400),
        reach: oneText(typed?.reach, 1000),
        link: oneText(typed?.link, 1000),
      },
      until: dayForVisitors(await keptUntil(db.read, event), "en"),
      all: Object.entries(LANGUAGES),
      isReached: addressForVisitors(deps, req.socket) !== undefined,
      publicUrl: deps.config.publicUrl,
      saved: req.query.saved === "yes",
      problems,
    });
  }
}
