import type { Request, Response } from "express";
import { ownPath } from "../access/form";
import { clockOffset } from "../access/rules";
import { type Lists, listsOf } from "../catalog/store";
import { untilCommit } from "../database/stamp";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { dayInWords, daysBetween, momentInWords } from "../events/rules";
import { type Event, eventById, eventBySlug } from "../events/store";
import { isLanguage, languageOf, sayIn } from "../http/languages";
import { show } from "../http/pages";
import { addressWith, countInWords, oneText, placeFrom, placeText } from "../http/paging";
import { organizer, type Route, type StaffCaller, staff } from "../http/route";
import { LANGUAGES } from "../languages/say";
import { otherVersions } from "./conflicts/store";
import { checkBatch, checkVisit, checkVisitId, editedVisit, type SentVisit } from "./form";
import { type VisitChoice, visitChoice } from "./list/form";
import { filterOf, rowOf } from "./list/rules";
import {
  binPage,
  countBin,
  countTwoVersions,
  type IdPage,
  staffNames,
  visitPage,
  withTwoVersions,
} from "./list/store";
import {
  compareVersions,
  consentInWords,
  editedTime,
  inFull,
  listsForEditing,
  momentForField,
  stepInWords,
} from "./rules";
import {
  activityOfVisit,
  asNamed,
  asSent,
  chooseVersion,
  deleteVisit,
  deviceOfVisit,
  editVisit,
  eventOfStaff,
  type FullVisit,
  fullVisits,
  isGone,
  ORGANIZER,
  ownVisitIds,
  placeOf,
  recordVisits,
  restoreVisit,
  visitById,
} from "./store";

/** How many of its last visits a device is shown. */
const LAST_VISITS = 50;

export function visitRoutes(deps: Deps): Route[] {
  const { db, now } = deps;
  const eventNow = untilCommit(db, async (id) => {
    const [event, lists] = await Promise.all([eventById(db.read, id), listsOf(db.read, id)]);
    return { event, lists };
  });

  return [
    staff.post("/api/visits", { byItself: true, deviceUntil: "delivered" }, async (req, res, caller) => {
      const receivedAt = now();
      const say = sayIn(languageOf(req));
      const batch = checkBatch(req.body, say);
      if (!batch.ok) throw new Problem("invalid", "refused.no-batch", batch.problems);
      const named = req.query.event;
      const isOwn = caller.kind === "device";
      const { event, lists } = await eventNow(
        isOwn ? caller.eventId : (await eventOfStaff(db.read, caller, named, receivedAt)).id,
      );
      const arrival = {
        event: isOwn ? asNamed(event, named) : event,
        lists,
        ...placeOf(caller),
        receivedAt,
        clockOffset: clockOffset(batch.value.sentAt, receivedAt),
        say,
      };
      const results = await recordVisits(db, arrival, batch.value.visits);
      deps.metrics?.countVisits(results.map((result) => result.status));
      res.json({ results });
    }),

    staff.get("/api/visits", { byItself: true }, async (req, res, caller) => {
      const event = await eventOfStaff(db.read, caller, req.query.event, now());
      const ids = await ownVisitIds(db.read, event.id, placeOf(caller).deviceId, LAST_VISITS);
      const [visits, lists] = await Promise.all([fullVisits(db.read, ids), listsOf(db.read, event.id)]);
      const used = lists.platforms.filter((entry) => visits.some((visit) => visit.platform_id === entry.id));
      res.json({
        visits: visits.map((visit) => asSent(visit, lists)),
        // A page that was opened before somebody typed a new one does not know its name.
        platforms: Object.fromEntries(used.map((entry) => [entry.slug, entry.name])),
      });
    }),

    staff.delete(
      "/api/visits/:id",
      { byItself: true, deviceUntil: "delivered" },
      async (req, res, caller) => {
        const checked = checkVisitId(req.params.id);
        if (!checked.ok) throw new Problem("missing", "refused.no-id");
        const id = checked.value;
        await mayChange(deps, caller, id);
        await db.write((writer) => deleteVisit(writer, id, placeOf(caller).staffName, now()));
        res.status(204).end();
      },
    ),

    organizer.get("/events/:slug/visits", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const choice = visitChoice(req.query);
      const turn = { before: placeFrom(req.query.before), after: placeFrom(req.query.after) };
      const lists = await listsOf(db.read, event.id);
      const page =
        choice.show === "bin"
          ? await binPage(db.read, event.id, turn)
          : await visitPage(db.read, event.id, filterOf(choice, lists, event.time_zone), turn);
      await showList(res, { event, lists, choice, page, deleted: oneText(req.query.deleted) });
    }),

    organizer.get("/visits/:id", async (req, res) => {
      const visit = await visitById(db.read, req.params.id as string);
      await showVisit(req, res, visit, { saved: req.query.saved === "yes" });
    }),

    organizer.post("/visits/:id", async (req, res) => {
      const visit = await visitById(db.read, req.params.id as string);
      const event = await eventById(db.read, visit.event_id);
      const lists = await listsOf(db.read, event.id);
      const shown = revisionOf(req);
      const time = { happenedAt: visit.happened_at, saidAt: visit.said_at };
      const happenedAt = editedTime(oneText(req.body.time), time, event.time_zone);
      const typed = editedVisit(req.body, asSent(visit, lists), shown, happenedAt ?? "");
      const result = await editVisit(db, event, lists, shown, typed, now());
      if (result.status === "updated" || result.status === "replayed") {
        return res.redirect(303, visitAddress(visit.id, backOf(req, event), { saved: "yes" }));
      }
      // What is there now may be newer than what the form was checked against.
      const there = await visitById(db.read, visit.id);
      const problems = result.problems?.map((problem) =>
        problem.field === "happenedAt"
          ? { ...problem, message: "Please give the day and the time." }
          : problem,
      );
      await showVisit(req, res.status(result.status === "invalid" ? 422 : 409), there, { typed, problems });
    }),

    organizer.post("/visits/:id/deletion", async (req, res) => {
      const visit = await visitById(db.read, req.params.id as string);
      const event = await eventById(db.read, visit.event_id);
      await db.write((writer) => deleteVisit(writer, visit.id, ORGANIZER, now()));
      const back = new URL(backOf(req, event), "http://booth");
      back.searchParams.set("deleted", visit.id);
      res.redirect(303, back.pathname + back.search);
    }),

    organizer.post("/visits/:id/restoration", async (req, res) => {
      const visit = await visitById(db.read, req.params.id as string);
      const event = await eventById(db.read, visit.event_id);
      await db.write((writer) => restoreVisit(writer, visit.id, ORGANIZER, now()));
      res.redirect(303, backOf(req, event));
    }),

    organizer.post("/visits/:id/conflicts/:conflictId/resolution", async (req, res) => {
      const visit = await visitById(db.read, req.params.id as string);
      const event = await eventById(db.read, visit.event_id);
      const lists = await listsOf(db.read, event.id);
      const choice = {
        visitId: visit.id,
        conflictId: req.params.conflictId as string,
        use: chosenOf(req) === "use",
        shown: revisionOf(req),
      };
      await db.write((writer) => chooseVersion(writer, { event, lists, now: now() }, choice));
      res.redirect(303, visitAddress(visit.id, backOf(req, event), { saved: "yes" }));
    }),
  ];

  async function showList(
    res: Response,
    list: { event: Event; lists: Lists; choice: VisitChoice; page: IdPage; deleted: string },
  ): Promise<void> {
    const { event, lists, choice, page } = list;
    const [visits, twoVersions, staffed, bin, waiting, [deleted]] = await Promise.all([
      fullVisits(db.read, page.ids),
      withTwoVersions(db.read, page.ids),
      staffNames(db.read, event.id),
      countBin(db.read, event.id),
      countTwoVersions(db.read, event.id),
      fullVisits(db.read, list.deleted === "" ? [] : [list.deleted]),
    ]);
    const path = `/events/${event.slug}/visits`;
    const address = (change: Record<string, string | undefined>) =>
      addressWith(path, { ...choice, ...change });
    const days = daysBetween(event.starts_on, event.ends_on);
    if (choice.day !== "" && !days.includes(choice.day)) days.push(choice.day);
    show(res, "visits/list", {
      title: "Visits",
      section: "visits",
      styles: ["visits"],
      event,
      lists,
      choice,
      isFiltered: Object.entries(choice).some(([name, value]) => name !== "show" && value !== ""),
      days: days.map((day) => ({ day, words: dayInWords(day) })),
      staffNames: staffed,
      rows: visits.map((visit) => ({
        ...rowOf(visit, lists, event.time_zone),
        twoVersions: twoVersions.has(visit.id),
      })),
      count: page.count === undefined ? undefined : countInWords(page.count),
      isOne: page.count === 1,
      bin: countInWords(bin),
      waiting,
      waitingWords: countInWords(waiting),
      deleted: deleted?.deleted_at ? deleted.id : undefined,
      here: address({}),
      path,
      newer: page.newer && address({ after: placeText(page.newer) }),
      older: page.older && address({ before: placeText(page.older) }),
    });
  }

  /** The page of one visit. `typed` is what an edit that was not taken said: it stands in the form again. */
  async function showVisit(
    req: Request,
    res: Response,
    visit: FullVisit,
    edit: { typed?: Record<string, unknown>; problems?: FieldProblem[]; saved?: boolean } = {},
  ): Promise<void> {
    const event = await eventById(db.read, visit.event_id);
    const zone = event.time_zone;
    const [lists, activity, versions] = await Promise.all([
      listsOf(db.read, event.id),
      activityOfVisit(db.read, visit.id),
      otherVersions(db.read, visit.id),
    ]);
    const there = asSent(visit, lists);
    const form = (edit.typed ?? there) as SentVisit;
    show(res, "visits/visit", {
      title: "Visit",
      section: "visits",
      styles: ["capture", "visits"],
      event,
      visit: edit.typed ? { ...form, people: req.body.people } : form,
      time: edit.typed ? oneText(req.body.time) : momentForField(visit.happened_at, zone),
      lists: listsForEditing(lists, form),
      kept: visit,
      when: momentInWords(visit.happened_at, zone, now()),
      clockWasWrong: visit.clock_offset !== 0,
      saidAt: momentInWords(visit.said_at, zone, now()),
      problems: edit.problems ?? [],
      saved: edit.saved,
      // The form was made from a version that is no longer there: both are shown, nothing typed is lost.
      isErased: await isGone(db.read, visit.id),
      movedOn:
        edit.typed && !edit.problems && visit.deleted_at === null
          ? compareVersions(there, form, lists, zone)
          : undefined,
      versions: versions.map((version) => ({
        ...version,
        received: momentInWords(version.received_at, zone),
        ...versionInWords(there, version.payload, lists, zone),
      })),
      agreed: visit.contact?.consents.map((consent) => ({
        ...consent,
        ...consentInWords(consent),
        when: momentInWords(consent.given_at, zone, now()),
        languageName: isLanguage(consent.language) ? LANGUAGES[consent.language] : consent.language,
      })),
      activity: activity.map((entry) => ({
        ...entry,
        when: momentInWords(entry.at, zone),
        ...stepInWords(entry),
      })),
      received: momentInWords(visit.received_at, zone),
      back: backOf(req, event),
    });
  }
}

/** The other version beside the one that is there; all that it says, where it breaks a rule and cannot be compared. */
function versionInWords(there: SentVisit, payload: string, lists: Lists, zone: string) {
  const sent: unknown = JSON.parse(payload);
  const checked = checkVisit(sent);
  if (!checked.ok) return { said: inFull(sent, checked.problems) };
  // As it was sent, but for what the check has tidied: of times it makes numbers.
  const { contact, ...said } = checked.value;
  const happenedAt = new Date(said.happenedAt).toISOString();
  const version = { ...said, happenedAt, contact: contact && { ...contact, consentShown: undefined } };
  return { rows: compareVersions(there, version, lists, zone) };
}

/** The list that the organizer came from, with its filters. */
function backOf(req: Request, event: Event): string {
  const list = `/events/${event.slug}/visits`;
  const asked = ownPath(req.body?.back ?? req.query.back);
  return asked === list || asked.startsWith(`${list}?`) ? asked : list;
}

function visitAddress(id: string, back: string, query: Record<string, string>): string {
  return addressWith(`/visits/${id}`, { back: back.includes("?") ? back : undefined, ...query });
}

/** The revision that a form was made from. */
function revisionOf(req: Request): number {
  const revision = Number(oneText(req.body?.revision));
  if (!Number.isInteger(revision) || revision < 1) {
    throw new Problem("malformed", "The form did not come through whole. Please open the visit again.");
  }
  return revision;
}

function chosenOf(req: Request): "use" | "keep" {
  const choice = oneText(req.body?.choice);
  if (choice === "use" || choice === "keep") return choice;
  throw new Problem("invalid", "Please choose one of the two versions.", [
    { field: "choice", message: "Use this version, or keep what is there." },
  ]);
}

/** A device changes its own visits, the organizer all. An id that is not there yet is nobody's. */
async function mayChange({ db }: Deps, caller: StaffCaller, visitId: string): Promise<void> {
  if (caller.kind === "organizer") return;
  const device = await deviceOfVisit(db.read, visitId);
  if (device !== undefined && device !== caller.id) {
    throw new Problem("forbidden", "refused.not-yours");
  }
}
