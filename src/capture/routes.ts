import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import { uuidv7 } from "uuidv7";
import { pairingEnds } from "../access/rules";
import { deviceById } from "../access/store";
import { type Entry, type Lists, listsOf } from "../catalog/store";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { momentInWords } from "../events/rules";
import { type Event, eventById } from "../events/store";
import { addressForVisitors } from "../http/addresses";
import { renewChoices } from "../http/choices";
import { letUseCamera } from "../http/headers";
import { languageOf, sayIn, tabletMessages } from "../http/languages";
import { lookOf } from "../http/looks";
import { show } from "../http/pages";
import { type DeviceCaller, type Route, type StaffCaller, staff } from "../http/route";
import type { MessageKey, Say } from "../languages/say";
import {
  checkVisitId,
  editedVisit,
  type Result,
  type SentVisit,
  type Status,
  visitFromForm,
} from "../visits/form";
import { listsForEditing } from "../visits/rules";
import { ANY_CODE, ANY_OWN_CODE, slipLink, slipWay } from "../visits/slips/rules";
import {
  asSent,
  deleteVisit,
  eventOfStaff,
  fullVisits,
  ownVisitIds,
  placeOf,
  recordVisits,
  restoreVisit,
  todayOf,
  visitForStaff,
} from "../visits/store";

const LAST_VISITS = 50;
const NO_VISITS = {
  lastHour: 0,
  light: 0,
  own: { existing: 0, curious: 0, new: 0 },
  booth: { existing: 0, curious: 0, new: 0 },
  asked: 0,
};

/** What a plain form is answered whose words did not become the visit's. */
const REFUSALS: Partial<Record<Status, { status: number; message: MessageKey }>> = {
  invalid: { status: 422, message: "capture.please-mend" },
  conflict: { status: 409, message: "refused.changed-elsewhere" },
  gone: { status: 410, message: "refused.deleted" },
};

/** The capture page, and its whole path as plain HTML forms: what a tablet does without script. */
export function captureRoutes(deps: Deps): Route[] {
  const { db, now } = deps;

  return [
    staff.get("/capture", { deviceUntil: "ever" }, capturePage(deps)),

    // The capture page for a device to keep, so that it starts without network: with nobody's data in it.
    staff.get("/capture/shell", { byItself: true }, async (req, res, caller) => {
      renewChoices(req, res);
      letUseCamera(res);
      const event = await eventOfStaff(db.read, caller, req.query.event, now());
      show(res, "capture/capture", {
        ...shellOf(deps, req, res, caller, event, await listsOf(db.read, event.id)),
        isShell: true,
        // What the settings lead back to is the page that it becomes.
        here: `/capture${queryOf(req)}`,
        staffName: "",
        newId: "",
        today: NO_VISITS,
        problems: [],
      });
    }),

    staff.post("/capture/visits", async (req, res, caller) => {
      // The page gave the form an id, so that a form that is sent twice counts once.
      const given = checkVisitId(req.body.id);
      const [known] = given.ok ? await fullVisits(db.read, [given.value]) : [];
      const isOwn = known?.device_id === placeOf(caller).deviceId && known?.deleted_at === null;
      if (known && isOwn && known.category === req.body.category) {
        return res.redirect(303, captureAddress(req, { visit: known.id, said: "logged" }));
      }
      const happenedAt = new Date(now()).toISOString();
      const log = (id: string) =>
        record(req, caller, visitFromForm(req.body, { id, revision: 1, happenedAt }));
      let id = given.ok && !known ? given.value : uuidv7();
      let result = await log(id);
      // Sent from a page that somebody went back to, it is another visit than the one that was undone.
      if (result.status === "gone") {
        id = uuidv7();
        result = await log(id);
      }
      if (result.status === "invalid") {
        return showCapture(deps, req, res.status(422), caller, { problems: result.problems });
      }
      res.redirect(303, captureAddress(req, { visit: id, said: "logged" }));
    }),

    staff.post("/capture/visits/:id", async (req, res, caller) => {
      const id = req.params.id as string;
      const kept = await visitForStaff(db.read, id, caller);
      const lists = await listsOf(db.read, kept.event_id);
      const before = asSent(kept, lists);
      const shown = (typeof req.body.revision === "string" && Number(req.body.revision)) || kept.revision;
      const visit = { ...editedVisit(req.body, before, shown, before.happenedAt), base: shown };
      const result = await record(req, caller, visit);
      const refusal = REFUSALS[result.status];
      if (refusal) {
        const message = sayIn(languageOf(req))(refusal.message);
        const problems = result.problems ?? [{ field: "", message }];
        const { status } = refusal;
        // Sent once more, it is still made from what this page had shown, and from nothing newer.
        const typed = { ...visit, revision: shown } as unknown as SentVisit;
        return showCapture(deps, req, res.status(status), caller, { visit: typed, problems });
      }
      res.redirect(303, captureAddress(req, { visit: id, said: "saved" }));
    }),

    staff.post("/capture/visits/:id/deletion", async (req, res, caller) => {
      const id = req.params.id as string;
      await visitForStaff(db.read, id, caller);
      await db.write((writer) => deleteVisit(writer, id, placeOf(caller).staffName, now()));
      res.redirect(303, captureAddress(req, { undone: id }));
    }),

    staff.post("/capture/visits/:id/restoration", async (req, res, caller) => {
      const id = req.params.id as string;
      await visitForStaff(db.read, id, caller);
      await db.write((writer) => restoreVisit(writer, id, placeOf(caller).staffName, now()));
      res.redirect(303, captureAddress(req, { visit: id, said: "back" }));
    }),

    staff.get("/capture/visits", async (req, res, caller) => {
      const event = await eventOfStaff(db.read, caller, req.query.event, now());
      const ids = await ownVisitIds(db.read, event.id, placeOf(caller).deviceId, LAST_VISITS);
      const [visits, lists] = await Promise.all([fullVisits(db.read, ids), listsOf(db.read, event.id)]);
      const language = languageOf(req);
      show(res, "capture/last-visits", {
        title: sayIn(language)("capture.last-visits"),
        language,
        styles: ["capture"],
        width: "narrow",
        event,
        visits: visits.map((visit) => ({
          id: visit.id,
          category: visit.category,
          at: momentInWords(visit.happened_at, event.time_zone, now(), language),
          about: aboutInWords(asSent(visit, lists), lists),
          address: captureAddress(req, { visit: visit.id }),
        })),
      });
    }),

    staff.get("/api/today", { byItself: true, deviceUntil: "delivered" }, async (req, res, caller) => {
      const event = await eventOfStaff(db.read, caller, req.query.event, now());
      const today = await todayOf(db.read, event, placeOf(caller).deviceId, now());
      const lists = await listsOf(db.read, event.id);
      const { fingerprint, booth } = shellOf(deps, req, res, caller, event, lists);
      res.json({
        ...today,
        event: event.slug,
        now: new Date(now()).toISOString(),
        device:
          caller.kind === "device"
            ? { id: caller.id, staffName: caller.staffName, boothName: booth?.name }
            : null,
        shell: fingerprint,
        ...(caller.kind === "device" && caller.phase !== "open" && { isOver: true }),
      });
    }),
  ];

  async function record(req: Request, caller: StaffCaller, visit: unknown): Promise<Result> {
    const event = await eventOfStaff(db.read, caller, req.query.event, now());
    const arrival = {
      event,
      lists: await listsOf(db.read, event.id),
      ...placeOf(caller),
      receivedAt: now(),
      clockOffset: 0,
      say: sayIn(languageOf(req)),
    };
    const [result] = await recordVisits(db, arrival, [visit]);
    deps.metrics?.countVisits([(result as Result).status]);
    return result as Result;
  }
}

/** The capture page for staff: three targets, and what can be said of the visit named by `?visit=`. */
export function capturePage(deps: Deps) {
  return (req: Request, res: Response, caller: StaffCaller): Promise<void> =>
    caller.kind === "device" && caller.phase !== "open"
      ? showOver(deps, req, res, caller)
      : showCapture(deps, req, res, caller);
}

/** For a device whose event is over: what still waits on it, and where that goes. */
async function showOver({ db }: Deps, req: Request, res: Response, caller: DeviceCaller): Promise<void> {
  const event = await eventById(db.read, caller.eventId);
  const device = await deviceById(db.read, caller.id);
  const language = languageOf(req);
  const { delivery } = pairingEnds({ ...event, paired_at: device?.paired_at ?? 0 });
  show(res, "capture/over", {
    title: sayIn(language)("over.title", { event: event.name }),
    language,
    messages: tabletMessages(language),
    here: "/",
    styles: ["access"],
    scripts: ["over"],
    width: "narrow",
    bare: true,
    event,
    phase: caller.phase,
    until: new Date(delivery).toLocaleDateString(language === "en" ? "en-GB" : language, {
      timeZone: event.time_zone,
      day: "numeric",
      month: "long",
    }),
  });
}

async function showCapture(
  deps: Deps,
  req: Request,
  res: Response,
  caller: StaffCaller,
  form: { visit?: SentVisit; problems?: FieldProblem[] } = {},
): Promise<void> {
  const { db, now } = deps;
  const event = await eventOfStaff(db.read, caller, req.query.event, now());
  const lists = await listsOf(db.read, event.id);
  const chosen = typeof req.query.visit === "string" ? req.query.visit : undefined;
  const kept = chosen ? await visitForStaff(db.read, chosen, caller).catch(nobodysVisit) : undefined;
  const visit = form.visit ?? (kept && asSent(kept, lists));
  const language = languageOf(req);
  const say = sayIn(language);
  renewChoices(req, res);
  letUseCamera(res);
  show(res, "capture/capture", {
    ...shellOf(deps, req, res, caller, event, lists),
    here: req.method === "GET" ? req.originalUrl : captureAddress(req, {}),
    staffName: caller.kind === "device" ? caller.staffName : say("capture.organizer"),
    lists: listsForEditing(lists, visit ?? {}),
    visit,
    newId: uuidv7(),
    at: visit && momentInWords(Date.parse(visit.happenedAt), event.time_zone, now(), language),
    today: await todayOf(db.read, event, placeOf(caller).deviceId, now()),
    said: typeof req.query.said === "string" ? req.query.said : undefined,
    undone: typeof req.query.undone === "string" ? req.query.undone : undefined,
    problems: form.problems ?? [],
  });
}

/**
 * What the capture page has that is nobody's: the event, its lists, the words. The fingerprint is another one whenever
 * a device that keeps the page has to get it anew.
 */
function shellOf(deps: Deps, req: Request, res: Response, caller: StaffCaller, event: Event, lists: Lists) {
  const language = languageOf(req);
  const booth = lists.booths.find((each) => caller.kind === "device" && each.id === caller.boothId);
  const offered = listsForEditing(lists, {});
  const isOrganizer = caller.kind === "organizer";
  const query = queryOf(req);
  const { slug, name, time_zone: zone } = event;
  const entries = Object.values(offered).map((list: Entry[]) =>
    list.map((entry) => [entry.slug, entry.name]),
  );
  const look = lookOf(req);
  const slips = { ...slipsInWords(deps, req, sayIn(language)), ...ownPages(deps, req) };
  const told = [
    res.app.locals.build,
    language,
    look,
    slug,
    name,
    zone,
    booth?.name,
    entries,
    isOrganizer,
    query,
    slips,
  ];
  return {
    title: sayIn(language)("capture.title"),
    language,
    messages: tabletMessages(language),
    styles: ["capture"],
    scripts: ["capture"],
    width: "full" as const,
    bare: true,
    installable: true,
    event,
    booth,
    lists: offered,
    isOrganizer,
    query,
    ...slips,
    fingerprint: createHash("sha256").update(JSON.stringify(told)).digest("hex").slice(0, 16),
  };
}

/** Where slips lead from here, for a tablet that makes them by itself: the link for any code, and what to say of it. */
function slipsInWords(deps: Deps, req: Request, say: Say) {
  const way = slipWay({ ...deps.config, nearby: addressForVisitors(deps, req.socket) });
  const mail = { subject: say("visitor.mail-subject"), body: say("visitor.mail-body") };
  const place = way.kind === "page" ? `${way.address.replace(/^https?:\/\//, "")}/s` : "";
  return {
    slipLink: slipLink(way, ANY_CODE, mail),
    slipHow:
      way.kind === "page"
        ? say("visitor.how-page", { address: place })
        : way.kind === "mail"
          ? say("visitor.how-mail", { address: way.to })
          : say("visitor.how-code"),
  };
}

/** Where the visitors' own pages are from here, as a link for any code and as people type it; empty where they have no address. */
function ownPages(deps: Deps, req: Request) {
  const address = addressForVisitors(deps, req.socket);
  return {
    ownLink: address ? `${address}/me/${ANY_OWN_CODE}` : "",
    ownPlace: address ? `${address.replace(/^https?:\/\//, "")}/me` : "",
  };
}

/** An address that names a visit of another tablet shows an empty page, not an error. */
function nobodysVisit(error: unknown): undefined {
  if (error instanceof Problem) return undefined;
  throw error;
}

/** The organizer can have several events: the page keeps the one that it was opened for. */
function queryOf(req: Request): string {
  const event = req.query.event;
  return typeof event === "string" && event !== "" ? `?event=${encodeURIComponent(event)}` : "";
}

function captureAddress(req: Request, what: Record<string, string>): string {
  const query = new URLSearchParams(queryOf(req));
  for (const [name, value] of Object.entries(what)) query.set(name, value);
  return `/capture?${query}`;
}

function aboutInWords(visit: SentVisit, lists: Lists): string {
  const platform = lists.platforms.find((each) => each.slug === visit.platform)?.name;
  const parts = [visit.contact?.name, platform, visit.questions?.[0]?.text, visit.note];
  return parts.filter(Boolean).join(" · ");
}
