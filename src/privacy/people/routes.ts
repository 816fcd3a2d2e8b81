import type { Request, Response } from "express";
import type { Instant } from "../../database/tables";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { dayInWords, momentInWords } from "../../events/rules";
import { type Event, listEvents } from "../../events/store";
import { takingInWords } from "../../exports/trail/rules";
import { takingsOf } from "../../exports/trail/store";
import { show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import { ORGANIZER } from "../../visits/store";
import { countErasures, type Erased } from "../erasure/store";
import { piecesOf } from "../mentions/rules";
import { lookAt, redacted } from "../mentions/store";
import { daysLeft, isExpired, lastDayOf } from "../retention/rules";
import { forgetErased, retentionOf } from "../retention/store";
import { countTexts } from "../texts/store";
import { checkEdits, chosenFrom, FIELDS, MOST_TEXTS, sealOf } from "./form";
import { byPerson, callOf, inALine } from "./rules";
import {
  alsoTheirs,
  type Concerned,
  chosenPeople,
  concernedBy,
  eraseReviewed,
  type Found,
  findPeople,
  MOST_FOUND,
  textsToRead,
  waitingOn,
} from "./store";

/** Pages on which the organizer finds somebody, reads what would be left of them, and erases them. */
export function peopleRoutes(deps: Deps): Route[] {
  const { db, now, log } = deps;

  return [
    organizer.get("/people", async (req, res) => {
      const search = oneText(req.query.search);
      const [events, found, texts] = await Promise.all([
        listEvents(db.read),
        findPeople(db.read, search),
        countTexts(db.read),
      ]);
      show(res, "privacy/people", {
        title: "Privacy",
        section: "events",
        styles: ["privacy"],
        search,
        groups: byPerson(found).map((group) => groupOf(group, events, now())),
        isFull: found.length >= MOST_FOUND,
        texts,
        erasures: await countErasures(db.read),
        erased: oneText(req.query.erased, 6),
        events: await Promise.all(events.map((event) => keepingOf(event))),
      });
    }),

    organizer.get("/erasures/new", async (req, res) => {
      await showPreview(req, res, chosenFrom(req.query));
    }),

    organizer.post("/erasures", async (req, res) => {
      const chosen = chosenFrom(req.body);
      const edits = checkEdits(req.body);
      if (!edits.ok) throw new Problem("malformed", "The form did not come through whole. Please go back.");
      const found = await chosenPeople(db.read, chosen);
      const here = chosen.filter(({ id }) => found.some((each) => each.id === id));
      if (here.length === 0) return showPreview(req, res, chosen);
      const read = new Set(edits.value.map(({ place, id }) => `${place} ${id}`));
      const unread = (await textsToRead(db.read, found)).filter(
        ({ place, id }) => !read.has(`${place} ${id}`),
      );
      const by = { actor: ORGANIZER, actorKind: "organizer", why: "asked" } as const;
      try {
        await db.write(async (writer) => {
          await eraseReviewed(writer, here, edits.value, by, now());
          for (const text of unread) await lookAt(writer, text, "name", now());
        });
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== "conflict") throw error;
        return showPreview(req, res.status(409), chosen, error.message);
      }
      await forgetErased(deps).catch(() => log.warn("what was erased is still in the database's files"));
      res.redirect(303, addressWith("/people", { erased: String(here.length) }));
    }),
  ];

  async function keepingOf(event: Event) {
    const retention = await retentionOf(db.read, event.id);
    return {
      slug: event.slug,
      name: event.name,
      last: dayInWords(lastDayOf(event, retention)),
      left: daysLeft(event, retention, now()),
      isOver: isExpired(event, retention, now()),
      expired: retention.expired,
    };
  }

  async function showPreview(req: Request, res: Response, chosen: Erased[], problem?: string): Promise<void> {
    const found = await chosenPeople(db.read, chosen);
    if (found.length === 0) throw new Problem("missing", "There is nobody here who could be erased.");
    const events = await listEvents(db.read);
    const { people } = concernedBy(found);
    const [also, all] = await Promise.all([alsoTheirs(db.read, found), textsToRead(db.read, found)]);
    const texts = all.slice(0, MOST_TEXTS);
    const typed = problem === undefined ? undefined : checkEdits(req.body);
    const own = new Set(found.map(({ eventId }) => eventId));
    const takings = (
      await Promise.all(
        events
          .filter(({ id }) => own.has(id))
          .map(async (event) =>
            (
              await takingsOf(db.read, event.id)
            ).map((taking) => ({
              ...takingInWords(taking),
              when: momentInWords(taking.at, event.time_zone, now()),
              at: taking.at,
              reason: taking.reason,
              by: taking.actor,
            })),
          ),
      )
    )
      .flat()
      .sort((a, b) => b.at - a.at);
    const isVisitor = found.some(({ kind }) => kind === "visit" || kind === "visitor-question");
    show(res, "privacy/erase", {
      title: "Erase",
      section: "events",
      styles: ["privacy"],
      event: events.find(({ id }) => id === found[0]?.eventId),
      who: callOf(found[0]?.person ?? {}),
      problem,
      found: found.map((each) => rowOf(each, events, now())),
      also: also.map((each) => rowOf(each, events, now())),
      isVisitor,
      isStaff: found.some(({ kind }) => kind === "device" || kind === "staff-of-visit"),
      isExpert: found.some(({ kind }) => kind === "expert"),
      waiting: await waitingOn(db.read, found),
      texts: texts.map((text) => {
        const before = typed?.ok
          ? typed.value.find((each) => each.id === text.id && each.place === text.place)
          : undefined;
        return {
          ...inFull(text, people, events),
          suggestion: before && before.seal === sealOf(text.text) ? before.text : suggestionOf(text, people),
        };
      }),
      more: all.length - texts.length,
      takings: isVisitor ? takings.slice(0, 20) : [],
    });
  }
}

const KINDS: Record<Found["kind"], string> = {
  visit: "Visit",
  "deleted-visit": "Visit",
  "visitor-question": "Question that waits for a look",
  "asked-of-visit": "Question",
  device: "Staff",
  "staff-of-visit": "Staff",
  "staff-of-event": "Staff",
  expert: "Expert",
};

function rowOf(found: Found, events: Event[], now: Instant) {
  const event = events.find(({ id }) => id === found.eventId);
  return {
    kind: KINDS[found.kind],
    field: FIELDS[found.kind],
    id: found.id,
    link:
      found.kind === "visit"
        ? `/visits/${found.id}`
        : found.kind === "expert"
          ? `/experts/${found.id}`
          : undefined,
    line: inALine(found.person),
    event: event?.name,
    when: event && found.at ? momentInWords(found.at, event.time_zone, now) : undefined,
    questions: found.questions,
    isInBin: found.isInBin,
  };
}

function groupOf(group: Found[], events: Event[], now: Instant) {
  return {
    who: callOf(group[0]?.person ?? {}),
    rows: group.map((each) => rowOf(each, events, now)),
    address: `/erasures/new?${new URLSearchParams(group.map(({ kind, id }): [string, string] => [FIELDS[kind], id]))}`,
  };
}

function suggestionOf(text: Concerned, people: Found["person"][]): string {
  return redacted(text, people, "own");
}

function inFull(text: Concerned, people: Found["person"][], events: Event[]) {
  return {
    place: text.place,
    id: text.id,
    seal: sealOf(text.text),
    title: text.title,
    isOwn: text.isOwn,
    event: events.find(({ id }) => id === text.eventId)?.name,
    link: text.visitId === null ? undefined : `/visits/${text.visitId}`,
    pieces: piecesOf(text.text, people, "own"),
  };
}
