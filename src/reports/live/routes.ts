import type { Request, Response } from "express";
import QRCode from "qrcode";
import { sessionOf } from "../../access/store";
import { listsOf } from "../../catalog/store";
import { stampOf } from "../../database/stamp";
import type { Deps } from "../../deps";
import { dayInWords, daysBetween, localTime, momentInWords } from "../../events/rules";
import { chosenEvent, type Event, eventById, eventBySlug } from "../../events/store";
import { addressForVisitors, reachableAddresses } from "../../http/addresses";
import { SESSION_COOKIE, secretsOf } from "../../http/cookies";
import { isLanguage, languageOf, sayIn } from "../../http/languages";
import { placeOf } from "../../http/limits";
import { LOOKS, lookOf } from "../../http/looks";
import { partOf, show } from "../../http/pages";
import { addressWith, oneText } from "../../http/paging";
import { anyone, organizer, type Route } from "../../http/route";
import { tell } from "../../http/streams";
import type { Language } from "../../languages/say";
import { takesQuestions } from "../../questions/asking/rules";
import { brightness } from "../../visits/rules";
import { countAsked } from "../../visits/store";
import { barsOf, CATEGORY_SERIES, stackedColumns } from "../charts/rules";
import { hoursOf, nameOf, type Table, whenOf } from "../rules";
import {
  figuresOf,
  figuresOfDay,
  lastDayOf,
  latestVisits,
  openQuestions,
  pairedCount,
  visitsBetween,
} from "../store";
import { dayForVisitors, HOUR, mostSaid, paceInWords } from "./rules";
import {
  endWall,
  eventOfWall,
  type Listener,
  loadOf,
  type Once,
  renewWall,
  sessionPass,
  Watches,
  wallToken,
} from "./store";

/** How many of the latest visits today's picture shows. */
const LATEST = 10;
/** As many as a wall has room for, in letters that are read from afar. */
const ON_THE_WALL = { heard: 3, from: 4 };
/** So many may listen at a time: pages of the desk, and screens in the hall. */
const MOST_LISTENERS = { desk: 100, wall: 200 };
/** And so many of one session, or one address: nobody takes all of them. */
const MOST_OF_ONE = 40;
/** Seconds after which a wall without script is loaded again. */
const WALL_REFRESH = 30;

/** The wall on the organizer's own screen: all in the hall see it, and a browser without script loads it again and again. */
const WALL = { byItself: true, whileLocked: true };
/** A session that was not signed out, locked or not. */
const isThere = async (...session: Parameters<typeof sessionOf>) =>
  (await sessionOf(...session)) !== undefined;

/** Today's picture of the event that `?event=` names, or of the one of the day. Mounted at `/` for the organizer. */
export function todayPage(deps: Deps): (req: Request, res: Response) => Promise<void> {
  const { db, now, config, network } = deps;
  return async (req, res) => {
    const event = await chosenEvent(db.read, req.query.event, now());
    if (!event) return res.redirect(303, "/events/new");
    const picture = await todayOf(deps, event);
    const token = await wallToken(db.read, event.id);
    const port = network?.port ?? req.socket.localPort ?? config.port;
    const [base] = reachableAddresses({ ...config, port, localName: network?.localName });
    show(res, "reports/today", {
      title: picture.when.isNow ? "Today" : event.name,
      section: "today",
      styles: ["reports", "live"],
      scripts: ["live"],
      ...picture,
      wall: { address: token && `${base}/wall/${token}`, done: oneText(req.query.wall) },
    });
  };
}

export function liveRoutes(deps: Deps): Route[] {
  const { db, now } = deps;
  const watches = new Watches({
    name: "live",
    owner: "reports",
    what: "Tells Today and the wall screens what changes, while somebody looks at them",
    jobs: deps.jobs,
    metrics: deps.metrics,
    // One look a second at whether anything was committed, by whichever program, however many watch.
    stamp: () => stampOf(db),
  });
  deps.stopping?.addEventListener("abort", () => watches.end(), { once: true });

  return [
    organizer.get("/events/:slug/live", { byItself: true }, async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await tellOf(req, res, event, {
        view: "desk",
        ...(await passOf(req)),
        // As it is by then: its name, days and zone may change while somebody watches.
        make: async () => deskMessage(res, await eventById(db.read, event.id)),
      });
    }),

    organizer.get("/events/:slug/wall", WALL, async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await showWall(req, res, event, `/events/${event.slug}/wall`);
    }),

    organizer.get("/events/:slug/wall/live", WALL, async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await tellOf(req, res, event, { ...wallOf(req, res, event), ...(await passOf(req, isThere)) });
    }),

    organizer.post("/events/:slug/wall/link", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await db.write((writer) => renewWall(writer, event.id, now()));
      backToToday(res, event, "made");
    }),

    organizer.post("/events/:slug/wall/link/end", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      await db.write((writer) => endWall(writer, event.id));
      backToToday(res, event, "ended");
    }),

    anyone.get("/wall/:token", async (req, res) => {
      const token = req.params.token as string;
      await showWall(req, res, await eventOfWall(db.read, token), `/wall/${token}`);
    }),

    anyone.get("/wall/:token/live", async (req, res) => {
      const token = req.params.token as string;
      const event = await eventOfWall(db.read, token);
      const isGood = async () => (await wallToken(db.read, event.id)) === token;
      await tellOf(req, res, event, { ...wallOf(req, res, event), pass: `wall ${token}`, isGood });
    }),
  ];

  /** Tells of an event what a page shows. */
  function tellOf(
    req: Request,
    res: Response,
    event: Event,
    listener: Omit<Listener, "send" | "end" | "from">,
  ): Promise<void> {
    const kind = listener.view.startsWith("desk") ? "desk" : "wall";
    // The desk is the organizer's, wherever they are; the wall is anybody's who knows its address.
    const from = kind === "desk" ? listener.pass : placeOf(req);
    const isFull = watches.count(kind) >= MOST_LISTENERS[kind] || watches.count(kind, from) >= MOST_OF_ONE;
    return tell(req, res, {
      make: () => listener.make((_name, work) => work()),
      isFull: deps.stopping?.aborted === true || isFull,
      listen: (stream) => watches.listen(event.id, { ...listener, from, ...stream }),
    });
  }

  /** What lets the organizer listen: a session that is open, or as `opens` has it. */
  function passOf(req: Request, opens?: typeof isThere): Promise<Pick<Listener, "pass" | "isGood">> {
    return sessionPass(db.read, secretsOf(req, SESSION_COOKIE), now, opens);
  }

  async function deskMessage({ app }: Response, event: Event): Promise<string> {
    const picture = await todayOf(deps, event);
    return JSON.stringify({
      html: await partOf(app, "reports/today-picture", picture),
      said: saidOf(picture),
      day: picture.dayKey,
    });
  }

  /** The wall as a request wants it: its view, and what makes it. */
  function wallOf(req: Request, res: Response, event: Event) {
    const language = wallLanguage(req);
    const address = addressForVisitors(deps, req.socket);
    return {
      view: `wall ${language} ${address}`,
      make: async (once: Once) => {
        const current = await once("event", () => eventById(db.read, event.id));
        const facts = await once("facts of the wall", () => wallFacts(deps, current));
        const picture = await wallPicture(deps, current, facts, { language, address });
        const html = await partOf(res.app, "reports/wall-picture", picture);
        return JSON.stringify({ html, day: picture.dayKey });
      },
    };
  }

  async function showWall(req: Request, res: Response, event: Event, here: string): Promise<void> {
    const language = wallLanguage(req);
    const look = LOOKS.find((each) => each === req.query.look) ?? lookOf(req);
    const address = addressForVisitors(deps, req.socket);
    show(res, "reports/wall", {
      styles: ["reports", "live", "wall"],
      scripts: ["live"],
      width: "full",
      bare: true,
      openToAll: true,
      refresh: WALL_REFRESH,
      look,
      here,
      title: sayIn(language)("wall.title"),
      ...(await wallPicture(deps, event, await wallFacts(deps, event), { language, address })),
      stream: addressWith(`${here}/live`, { language }),
      looks: LOOKS,
    });
  }
}

function backToToday(res: Response, event: Event, wall: string): void {
  res.redirect(303, `${addressWith("/", { event: event.slug, wall })}#wall`);
}

/** The wall's language: it stands in its address, so that a screen has it again after a restart. */
function wallLanguage(req: Request): Language {
  return isLanguage(req.query.language) ? req.query.language : languageOf(req);
}

/** What today's picture shows of an event at this moment. */
async function todayOf({ db, now }: Deps, event: Event) {
  const at = now();
  const today = localTime(at, event.time_zone).day;
  const when = whenOf(event, today, await lastDayOf(db.read, event));
  const figures = await figuresOfDay(db.read, event, when.day);
  const { lastHour, ...load } = await loadOf(db.read, event, at);
  const latest = await latestVisits(db.read, event, LATEST);
  return {
    event,
    when,
    dayKey: dayKeyOf(when),
    day: dayInWords(when.day),
    starts: { on: dayInWords(event.starts_on), inDays: daysBetween(today, event.starts_on).length - 1 },
    pace: paceInWords(load),
    figures,
    lastHour,
    level: brightness(lastHour),
    hours: hoursChart(figures.hourByCategory),
    latest: latest.map((visit) => ({ ...visit, at: momentInWords(visit.at, event.time_zone, at) })),
    open: await openQuestions(db.read, event),
    asked: await countAsked(db.read, event.id),
    paired: await pairedCount(db.read, event),
  };
}

/** The day that a page is about, as it compares it with its own: another one is another page. */
function dayKeyOf({ day, isNow }: { day: string; isNow: boolean }): string {
  return isNow ? day : `${day} before or after`;
}

/** Today's picture in a sentence, for those who do not see it change. */
function saidOf({ figures, lastHour, pace }: Awaited<ReturnType<typeof todayOf>>): string {
  const visits = figures.visits === 1 ? "1 visit" : `${figures.visits} visits`;
  return `${visits} today, ${lastHour} in the last hour.${pace.needsHands ? ` ${pace.text}` : ""}`;
}

function hoursChart(hourByCategory: Table) {
  const bars = hourBars(hourByCategory, (hour) => `${hour}:00`);
  if (bars.length === 0) return undefined;
  return {
    label: "Conversations by hour and category",
    head: "Hour",
    columns: CATEGORY_SERIES,
    rows: bars,
    wide: stackedColumns(bars, CATEGORY_SERIES, 640, 380),
    narrow: stackedColumns(bars, CATEGORY_SERIES, 326, 220),
  };
}

function hourBars(hourByCategory: Table, nameOf: (hour: string) => string) {
  const hours = hoursOf(Object.fromEntries(Object.keys(hourByCategory).map((hour) => [hour, 1])));
  return barsOf(hourByCategory, hours.map(String), nameOf);
}

/** What a wall tells in any language. Counts and names of lists: nothing that anybody typed about anybody. */
async function wallFacts({ db, now }: Deps, event: Event) {
  const at = now();
  const today = localTime(at, event.time_zone).day;
  const when = whenOf(event, today, await lastDayOf(db.read, event));
  const { visits, platform, remark } = await figuresOf(db.read, event);
  const lists = await listsOf(db.read, event.id);
  return {
    at,
    when,
    total: visits,
    ofDay: await figuresOfDay(db.read, event, when.day),
    lastHour: await visitsBetween(db.read, event, at - HOUR, at),
    heard: mostSaid(remark, ON_THE_WALL.heard, (slug) => nameOf(lists, "remarks", slug)),
    from: mostSaid(platform, ON_THE_WALL.from, (slug) => nameOf(lists, "platforms", slug)),
  };
}

/** The wall in a language; `address`: where visitors' phones reach this laptop, if they do. */
async function wallPicture(
  { now }: Deps,
  event: Event,
  { when, ofDay, lastHour, ...facts }: Awaited<ReturnType<typeof wallFacts>>,
  { language, address }: { language: Language; address: string | undefined },
) {
  const number = (count: number) => count.toLocaleString(language);
  const bars = hourBars(ofDay.hourByCategory, (hour) => hour);
  const ask =
    address && takesQuestions(event, now())
      ? address + addressWith("/ask", { event: event.slug })
      : undefined;
  return {
    ...facts,
    language,
    number,
    event: { name: event.name, slug: event.slug, timeZone: event.time_zone },
    when,
    dayKey: dayKeyOf(when),
    day: dayForVisitors(when.day, language),
    starts: dayForVisitors(event.starts_on, language),
    visits: ofDay.visits,
    category: ofDay.category,
    lastHour,
    level: brightness(lastHour),
    hours: bars.length > 0 ? stackedColumns(bars, CATEGORY_SERIES, 330, 125) : undefined,
    hoursInWords: bars
      .map(({ name, values }) => `${name}:00 ${number(Object.values(values).reduce((a, b) => a + b, 0))}`)
      .join(", "),
    qr: ask && (await QRCode.toString(ask, { type: "svg", margin: 2, errorCorrectionLevel: "M" })),
    shownAddress: ask && address && `${address.replace(/^https?:\/\//, "")}/ask`,
  };
}
