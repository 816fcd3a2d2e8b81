import type { Request, Response } from "express";
import { ipKeyGenerator } from "express-rate-limit";
import QRCode from "qrcode";
import { uuidv7 } from "uuidv7";
import { newSecret } from "../../access/rules";
import { type Entry, entriesOf, listsOf, offered } from "../../catalog/store";
import type { Deps } from "../../deps";
import { type FieldProblem, Problem } from "../../errors";
import { momentInWords } from "../../events/rules";
import { chosenEvent, type Event, eventBySlug } from "../../events/store";
import { addressForVisitors } from "../../http/addresses";
import { giveSecret, OWN_PAGE_COOKIE, secretsOf } from "../../http/cookies";
import { isLanguage, languageOf, sayIn } from "../../http/languages";
import { show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { anyone, organizer, type Route, type StaffCaller, staff } from "../../http/route";
import type { Language, MessageKey } from "../../languages/say";
import { ownCodeOf } from "../../visits/codes/store";
import { consentWords } from "../../visits/form";
import { codeInGroups } from "../../visits/slips/rules";
import { eventOfStaff, fullVisits, ownVisitIds, placeOf } from "../../visits/store";
import { acceptanceIn, checkAsked } from "./form";
import { Allowance, type Left, LIMITS, takesQuestions } from "./rules";
import { acceptAsVisit, acceptIntoVisit, askedAt, isAskedAt, keepAsked, setAside } from "./store";

/** Tells one phone from another for an hour, and nothing else: it is kept with no question. */
const PHONE_COOKIE = "boothlight_phone";
/** How long the phone on which somebody asked is shown the way to their own page, in milliseconds. */
const OWN_PAGE_SHOWN = 60 * 60_000;
/** Visits to choose from, for a question whose visit was logged a moment ago. */
const LAST_VISITS = 12;
/** What the list says of what was done just now. */
const DONE: Record<string, MessageKey> = {
  counts: "asked.counts",
  aside: "asked.set-aside",
  before: "asked.before",
};
const SIGNS = ["a5", "a4"] as const;

export function askingRoutes(deps: Deps): Route[] {
  const { db, now } = deps;
  const phone = new Allowance(LIMITS.phone);
  const addresses = [new Allowance(LIMITS.address), new Allowance(LIMITS.addressADay)];

  return [
    anyone.get("/ask", async (req, res) => {
      const event = await eventToAsk(req);
      await showForm(req, res, event);
    }),

    anyone.post("/ask", async (req, res) => {
      const event = await eventToAsk(req);
      if (!event || !takesQuestions(event, now())) return showForm(req, res.status(410), event);
      const language = languageOf(req);
      const say = sayIn(language);
      const form = checkAsked(req.body, say);
      if (!form.ok) return showForm(req, res.status(422), event, form.problems);
      const topics = offered(await entriesOf(db.read, "topics", event.id));
      const topic = topics.find((each) => each.slug === form.value.topic);
      if (form.value.topic && !topic) {
        const problems = [{ field: "topic", message: say("ask.topic-gone") }];
        return showForm(req, res.status(422), event, problems);
      }
      const [known] = secretsOf(req, PHONE_COOKIE);
      const address = ipKeyGenerator(req.ip ?? "");
      if ((known && phone.isSpent(known, now())) || addresses.some((each) => each.isSpent(address, now()))) {
        const problems = [{ field: "", message: say("ask.too-many") }];
        return showForm(req, res.status(429), event, problems);
      }
      let code: string;
      let own: string | undefined;
      try {
        const at = now();
        const place = { eventId: event.id, topicId: topic?.id ?? null, now: at };
        // What was read is in the language that the page had then, whatever was chosen in another window since.
        const read = isLanguage(form.value.language) ? form.value.language : language;
        const left = form.value.left && withWords(form.value.left, read, at);
        code = await db.write((writer) =>
          keepAsked(writer, { ...form.value, ...place, language: read, left }),
        );
        if (left) own = await ownCodeOf(db.read, { questionId: form.value.id });
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== "too-many") throw error;
        return showForm(req, res.status(429), event, [{ field: "", message: error.in(say) }]);
      }
      const token = known ?? newSecret();
      phone.take(token, now());
      for (const each of addresses) each.take(address, now());
      giveSecret(req, res, PHONE_COOKIE, token, LIMITS.phone.minutes * 60_000);
      // Not in the address, which is passed on more easily than anybody means to.
      if (own) giveSecret(req, res, OWN_PAGE_COOKIE, own, OWN_PAGE_SHOWN);
      res.redirect(303, `/s/${codeInGroups(code)}?new=yes`);
    }),

    staff.get("/asked", async (req, res, caller) => {
      await showAsked(req, res, caller);
    }),

    staff.post("/asked/:id/acceptance", async (req, res, caller) => {
      const { event, id } = await askedOf(req, caller);
      const chosen = acceptanceIn(req.body);
      if (!chosen) {
        const message = sayIn(languageOf(req))("asked.choose");
        return showAsked(req, res.status(422), caller, [{ field: id, message }]);
      }
      const lists = await listsOf(db.read, event.id);
      const { staffName } = placeOf(caller);
      const isNew = await db.write((writer) =>
        "visit" in chosen
          ? acceptIntoVisit(writer, { event, lists, now: now(), caller, staffName }, id, chosen.visit)
          : acceptAsVisit(
              writer,
              { event, lists, ...placeOf(caller), receivedAt: now(), clockOffset: 0 },
              id,
              chosen.category,
            ),
      );
      backToAsked(req, res, isNew ? "counts" : "before");
    }),

    staff.post("/asked/:id/refusal", async (req, res, caller) => {
      const { event, id } = await askedOf(req, caller);
      const isSet = await db.write((writer) => setAside(writer, event.id, id, now()));
      backToAsked(req, res, isSet ? "aside" : "before");
    }),

    staff.post("/asked/:id/return", async (req, res, caller) => {
      const { event, id } = await askedOf(req, caller);
      await db.write((writer) => setAside(writer, event.id, id, null));
      backToAsked(req, res);
    }),

    organizer.get("/events/:slug/ask-sign", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const language = isLanguage(req.query.language) ? req.query.language : "en";
      const paper = SIGNS.find((each) => each === req.query.paper) ?? "a5";
      const base = addressForVisitors(deps, req.socket);
      const address = base && `${base}${addressWith("/ask", { event: event.slug })}`;
      show(res, "asking/sign", {
        title: sayIn(language)("ask.title"),
        language,
        styles: ["slips", "asking", `sign-${paper}`],
        bare: true,
        width: "full",
        event,
        paper,
        papers: SIGNS,
        isEverywhere: deps.config.publicUrl !== undefined,
        address,
        shownAddress: base && `${base.replace(/^https?:\/\//, "")}/ask`,
        qr:
          address && (await QRCode.toString(address, { type: "svg", margin: 2, errorCorrectionLevel: "M" })),
      });
    }),
  ];

  /** The event that a visitor asks at: the one that the address names, else the one of the day. */
  async function eventToAsk(req: Request): Promise<Event | undefined> {
    const slug = oneText(req.query.event) || oneText(req.body?.event);
    return chosenEvent(db.read, slug, now()).catch((error: unknown) => {
      if (error instanceof Problem) return undefined;
      throw error;
    });
  }

  async function showForm(
    req: Request,
    res: Response,
    event: Event | undefined,
    problems: FieldProblem[] = [],
  ): Promise<void> {
    const language = languageOf(req);
    const say = sayIn(language);
    const page = { language, styles: ["slips", "asking"], width: "narrow" as const, bare: true };
    if (!event || !takesQuestions(event, now())) {
      return show(res, "asking/closed", { ...page, title: say("ask.closed"), here: "/ask", at: event?.name });
    }
    const body = req.method === "POST" ? (req.body as Record<string, unknown>) : {};
    const text = (name: string, most: number) => {
      const typed = body[name];
      return typeof typed === "string" ? typed.slice(0, most) : "";
    };
    show(res, "asking/form", {
      ...page,
      title: say("ask.title"),
      here: addressWith("/ask", { event: event.slug }),
      slug: event.slug,
      at: event.name,
      topics: offered<Entry>(await entriesOf(db.read, "topics", event.id)),
      // The same id again: whether the form came in before it was refused, nobody on this phone knows.
      id: problems.some(({ field }) => field === "id") ? uuidv7() : text("id", 40) || uuidv7(),
      typed: {
        question: text("question", 4000),
        topic: text("topic", 80),
        name: text("name", 400),
        email: text("email", 400),
        consent: [body.consent].flat(),
        homepage: text("homepage", 400),
      },
      problems,
    });
  }

  /** What a visitor left, with the words that they ticked. */
  function withWords(left: Left, language: Language, at: number): Left {
    const say = sayIn(language);
    const purposes = { "follow-up": say("ask.consent-follow-up"), news: say("ask.consent-news") };
    const shown = left.consent.map((purpose) => [
      purpose,
      {
        words: consentWords(say("ask.consent"), purposes[purpose]),
        language,
        by: "visitor",
        at: new Date(at).toISOString(),
      },
    ]);
    return shown.length > 0 ? { ...left, consentShown: Object.fromEntries(shown) } : left;
  }

  /** The question that staff act on, at the event that they log for. Throws `missing` for any other. */
  async function askedOf(req: Request, caller: StaffCaller): Promise<{ event: Event; id: string }> {
    const event = await eventOfStaff(db.read, caller, req.query.event, now());
    const id = req.params.id as string;
    if (!(await isAskedAt(db.read, event.id, id))) throw new Problem("missing", "refused.no-question");
    return { event, id };
  }

  function backToAsked(req: Request, res: Response, done?: string): void {
    res.redirect(303, addressWith("/asked", { event: oneText(req.query.event), done }));
  }

  async function showAsked(
    req: Request,
    res: Response,
    caller: StaffCaller,
    problems: FieldProblem[] = [],
  ): Promise<void> {
    const event = await eventOfStaff(db.read, caller, req.query.event, now());
    const language = languageOf(req);
    const say = sayIn(language);
    const timeOf = (at: number) => momentInWords(at, event.time_zone, now(), language);
    const ids = await ownVisitIds(db.read, event.id, placeOf(caller).deviceId, LAST_VISITS);
    const [held, aside, visits] = await Promise.all([
      askedAt(db.read, event.id, "held"),
      askedAt(db.read, event.id, "aside"),
      fullVisits(db.read, ids),
    ]);
    const inWords = (asked: (typeof held)[number]) => ({
      id: asked.id,
      text: asked.text,
      facts: [timeOf(asked.asked_at), asked.topic, whoLeft(asked.left)].filter(Boolean).join(" · "),
    });
    // Who it was is the organizer's and the expert's to see: staff only have to know whether there is an answer to send.
    const isOrganizer = caller.kind === "organizer";
    const whoLeft = (left: (typeof held)[number]["left"]) => {
      if (left?.name && left.email) {
        return isOrganizer ? say("asked.left", { name: left.name }) : say("asked.left-details");
      }
      if (left?.email) return say("asked.left-mail");
      return isOrganizer || !left?.name ? left?.name : say("asked.left-name");
    };
    show(res, "asking/asked", {
      title: say("asked.title"),
      language,
      styles: ["asking"],
      width: "narrow",
      section: "questions",
      event,
      isOrganizer,
      query: addressWith("", { event: oneText(req.query.event) }),
      held: held.map(inWords),
      aside: aside.map(inWords),
      visits: visits.map((visit) => ({
        id: visit.id,
        words: [timeOf(visit.happened_at), say(`category.${visit.category}`), visit.contact?.name]
          .filter(Boolean)
          .join(" · "),
      })),
      done: DONE[oneText(req.query.done)],
      problems,
    });
  }
}
