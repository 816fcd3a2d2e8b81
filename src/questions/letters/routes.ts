import type { Request, Response } from "express";
import { composed, hostOfMail } from "../../delivery/mail";
import type { Deps } from "../../deps";
import { type FieldProblem, Problem } from "../../errors";
import { sinceInWords } from "../../events/rules";
import { chosenEvent, type Event, eventById } from "../../events/store";
import { isPublic, KIND_NAMES } from "../../experts/rules";
import { expertById } from "../../experts/store";
import { show } from "../../http/pages";
import { addressWith, countInWords, oneText, PAGE_SIZE, placeFrom, placeText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import {
  cancelMessage,
  countShelves,
  enqueueDigest,
  type Message,
  markSentByHand,
  messageById,
  messagesOn,
  SHELVES,
  type Shelf,
  sendNow,
} from "../../messages/store";
import { detailsIn, markPersonal } from "../personal/rules";
import { checkSending } from "./form";
import { mailtoOf, standingInWords, whatItIs } from "./rules";
import { inOrganizersWords, type MessageRow, messageRows, type Worded, worded } from "./store";

const SHELF_NAMES: Record<Shelf, string> = {
  look: "For you",
  failed: "Did not arrive",
  waiting: "On the way",
  sent: "Sent",
  cancelled: "Cancelled",
};
/** What is shown where no shelf was chosen, and how much of each. */
const FIRST = { look: PAGE_SIZE, failed: PAGE_SIZE, waiting: PAGE_SIZE, sent: 10, cancelled: 0 };
/** How long the page waits for what becomes of a message that is sent now. */
const SEE_WITHIN = 4000;

export function letterRoutes(deps: Deps): Route[] {
  const { db, config, now } = deps;
  return [
    organizer.get("/messages", async (req, res) => {
      const asked = oneText(req.query.event);
      const event = await chosenEvent(db.read, asked, now());
      const only = asked ? event : undefined;
      const shelf = (Object.keys(SHELVES) as Shelf[]).find((each) => each === req.query.state);
      const after = placeFrom(req.query.after);
      const counts = await countShelves(db.read, only?.id);
      const sections = await Promise.all(
        (Object.keys(SHELVES) as Shelf[])
          .filter((each) => (shelf ? each === shelf : FIRST[each] > 0 && counts[each] > 0))
          .map(async (each) => {
            const most = shelf ? PAGE_SIZE : FIRST[each];
            const found = await messagesOn(db.read, each, {
              eventId: only?.id,
              after: shelf ? after : undefined,
              most: most + 1,
            });
            const last = found.length > most ? found[most - 1] : undefined;
            return {
              shelf: each,
              name: SHELF_NAMES[each],
              rows: await inWords(await messageRows(db.read, found.slice(0, most)), event),
              more:
                last &&
                address({
                  event: asked,
                  state: each,
                  after: shelf && placeText({ at: last.created_at, id: last.id }),
                }),
            };
          }),
      );
      show(res, "questions/messages", {
        title: "Messages",
        section: "messages",
        styles: ["questions", "messages"],
        event,
        isOfEvent: only !== undefined,
        shelf,
        total: Object.values(counts).reduce((sum, count) => sum + count, 0),
        all: address({ event: asked }),
        everywhere: address({ state: shelf }),
        here: event && address({ event: event.slug, state: shelf }),
        shelves: (Object.keys(SHELVES) as Shelf[]).map((each) => ({
          shelf: each,
          name: SHELF_NAMES[each],
          count: countInWords(counts[each]),
          href: address({ event: asked, state: each }),
        })),
        sections,
        ...waysNow(event),
      });
    }),

    organizer.get("/messages/:id.eml", async (req, res) => {
      const message = await messageById(db.read, req.params.id as string);
      const found = await worded(db, message, around());
      if (!found) throw new Problem("gone", "This message has nothing to tell any more.");
      const letter = inOrganizersWords(found, message);
      const mail = await composed(
        letter,
        { id: message.id, host: hostOfMail(config), at: now(), isDraft: true },
        config,
      );
      res.attachment("message.eml").type("message/rfc822").send(mail);
    }),

    organizer.get("/messages/:id", async (req, res) => {
      await showMessage(req, res);
    }),

    organizer.post("/messages/:id/sending", async (req, res) => {
      const message = await messageById(db.read, req.params.id as string);
      const form = checkSending(req.body);
      if (!form.ok) return showMessage(req, res.status(422), { problems: form.problems });
      const { text } = form.value;
      const found = await worded(db, message, around());
      // Contact details never go where everybody reads them, whoever wants it so.
      const details = found?.letter.isPublic && text ? detailsIn(text, found.contacts) : [];
      if (details.length > 0) {
        const message = `Please take out what the visitor left of themselves: ${details.join(", ")}.`;
        return showMessage(req, res.status(422), { problems: [{ field: "text", message }] });
      }
      if (message.via === "hand") throw new Problem("conflict", "This message goes by your hand alone.");
      await db.write((writer) => sendNow(writer, message.id, { text, now: now() }));
      await seeWhatBecomes();
      res.redirect(303, `/messages/${message.id}`);
    }),

    organizer.post("/messages/:id/cancelling", async (req, res) => {
      const { id } = await messageById(db.read, req.params.id as string);
      await db.write((writer) => cancelMessage(writer, id));
      res.redirect(303, `/messages/${id}`);
    }),

    organizer.post("/messages/:id/delivery", async (req, res) => {
      const { id } = await messageById(db.read, req.params.id as string);
      await db.write((writer) => markSentByHand(writer, id, now()));
      res.redirect(303, `/messages/${id}`);
    }),

    organizer.post("/experts/:id/digest", async (req, res) => {
      const expert = await expertById(db.read, req.params.id as string);
      const id = await db.write((writer) =>
        enqueueDigest(writer, {
          expertId: expert.id,
          via: expert.reached_by,
          isHeld: isPublic(expert.kind),
          now: now(),
        }),
      );
      if (!id) throw new Problem("conflict", `${expert.name} has no question now.`);
      await seeWhatBecomes();
      res.redirect(303, `/messages/${id}`);
    }),
  ];

  function around() {
    return { publicUrl: config.publicUrl, now: now() };
  }

  function address(query: { event?: string; state?: string; after?: string }): string {
    return addressWith("/messages", query);
  }

  /** Whether a way is open by the settings, and why nothing goes there at the moment. */
  function waysNow(event: Event | undefined) {
    const trouble = deps.delivery?.trouble("mail");
    return {
      hasMail: config.smtpUrl !== undefined && config.mailFrom !== undefined,
      delivers: deps.delivery !== undefined,
      trouble: trouble && {
        reason: trouble.reason,
        since: momentOf(trouble.since, event),
      },
    };
  }

  function momentOf(at: number, event: Event | undefined): string {
    return sinceInWords(at, event?.time_zone ?? "UTC", now());
  }

  /** Waits a little for what is due to be tried, so that the next page can say what became of it. */
  async function seeWhatBecomes(): Promise<void> {
    if (!deps.delivery) return;
    let waited: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      waited = setTimeout(resolve, SEE_WITHIN);
    });
    await Promise.race([deps.delivery.look(), patience]);
    clearTimeout(waited);
  }

  async function inWords(rows: MessageRow[], event: Event | undefined) {
    const zone = event?.time_zone ?? "UTC";
    return rows.map((row) => {
      const publicly = row.expert !== undefined && isPublic(row.expert.kind);
      return {
        ...row,
        what: whatItIs(row.kind, row.questions.length),
        kindName: row.expert ? KIND_NAMES[row.expert.kind] : "Visitor",
        isPublic: publicly,
        made: momentOf(row.created_at, event),
        standing: standingInWords(row, { zone, now: now(), canGo: canGo(row), isPublic: publicly }),
      };
    });
  }

  function canGo({ via }: Pick<Message, "via">): boolean {
    return via !== "hand" && deps.delivery?.ways.includes(via) === true;
  }

  async function showMessage(
    req: Request,
    res: Response,
    outcome: { problems?: FieldProblem[] } = {},
  ): Promise<void> {
    const message = await messageById(db.read, req.params.id as string);
    const [[bare], found] = await Promise.all([messageRows(db.read, [message]), wordedIfAny(message)]);
    const first = bare?.questions[0];
    const event = first ? await eventById(db.read, first.event_id) : await chosenEvent(db.read, "", now());
    const [row] = await inWords(bare ? [bare] : [], event);
    const letter = found && inOrganizersWords(found, message);
    const typed = typeof req.body?.text === "string" ? req.body.text : undefined;
    show(res, "questions/message", {
      title: `${row?.what} ${row?.recipient}`,
      section: "messages",
      styles: ["questions", "messages"],
      event,
      message: row,
      back: address({ event: event?.slug }),
      letter,
      text: typed ?? letter?.text,
      segments: letter ? markPersonal(typed ?? letter.text, found.contacts) : [],
      mailto: letter && mailtoOf(letter),
      can: stepsWith(message, letter !== undefined),
      canGo: canGo(message),
      problems: outcome.problems ?? [],
      ...waysNow(event),
    });
  }

  async function wordedIfAny(message: Message): Promise<Worded | undefined> {
    return message.state === "delivered" ? undefined : worded(db, message, around());
  }
}

/** What the organizer can do with a message as it stands. */
function stepsWith({ state, via }: Message, hasWords: boolean) {
  const isOpen = state === "held" || state === "waiting" || state === "failed" || state === "uncertain";
  return {
    send: via !== "hand" && hasWords && (isOpen || state === "cancelled"),
    hand: isOpen && hasWords,
    confirm: isOpen && (hasWords || state === "uncertain"),
    cancel: isOpen,
  };
}
