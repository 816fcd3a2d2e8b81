import type { Request, RequestHandler, Response } from "express";
import QRCode from "qrcode";
import { entriesOf, offered } from "../catalog/store";
import type { Instant } from "../database/tables";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { dayInWords, localTime, momentInWords, sinceInWords } from "../events/rules";
import { chosenEvent, type Event, eventById } from "../events/store";
import { isLoopback, reachableAddresses, secureAddresses } from "../http/addresses";
import {
  DEVICE_COOKIE,
  giveSecret,
  replacedSecret,
  SESSION_COOKIE,
  secretsOf,
  takeSecrets,
} from "../http/cookies";
import { languageOf, sayIn } from "../http/languages";
import { isFromLaptop } from "../http/limits";
import { show } from "../http/pages";
import { anyone, type Caller, organizer, type Route, staff, wantsJson } from "../http/route";
import { type MessageKey, sayInEnglish } from "../languages/say";
import {
  checkLockAfter,
  checkNewPassphrase,
  checkPairing,
  checkSignIn,
  checkStanding,
  ownPath,
  UNLOCKING,
} from "./form";
import {
  clockOffset,
  hashPassphrase,
  isPassphrase,
  isSamePassphrase,
  LOCK_CHOICES,
  pairingEnds,
  phaseOf,
  SEEN_EVERY,
  SESSION_LASTS,
  standingInWords,
  USED_EVERY,
} from "./rules";
import {
  deviceById,
  deviceByToken,
  endAnyway,
  inviteToPair,
  keepStanding,
  keptPassphrase,
  lockAfter,
  lockAnyway,
  markSeen,
  noteUses,
  openInstead,
  openInvitation,
  pairDevice,
  pairedDevices,
  type SessionStanding,
  sessionOf,
  setLockAfter,
  setPassphrase,
  unpairDevice,
  useInvitation,
} from "./store";
import { fingerprintRows } from "./trust/rules";

const STILL_WAITING =
  "Visits wait on this tablet that are in no rescue file. Send or rescue them first; a lost tablet can be shut out with anyway=yes.";
const NO_EVENT_YET = "Set up an event first; then tablets can be paired with it.";

/**
 * Who sends a request: the organizer's cookies first, then a device's bearer token or cookies. `isSomebody`: whether the
 * request is a sign of somebody being there, which keeps a session from locking.
 */
export function callerOf({ db, now, log }: Deps) {
  return async (req: Request, isSomebody: boolean): Promise<Caller> => {
    let isLocked = false;
    for (const token of secretsOf(req, SESSION_COOKIE)) {
      const session = await sessionOf(db.read, token, now());
      if (session?.locksIn === 0) isLocked = true;
      if (!session || session.locksIn === 0) continue;
      if (isSomebody && Math.abs(now() - session.usedAt) >= USED_EVERY) {
        // Nobody waits for this; a failure shows in the log and again with the next request.
        noteUses(db, [token], now()).catch((error) =>
          log.warn({ code: error.code }, "the use of a session could not be noted"),
        );
      }
      return { kind: "organizer" };
    }
    const device = await deviceOf(req);
    if (!isLocked) return device;
    return { kind: "locked", ...(device.kind === "device" && { device }) };
  };

  async function deviceOf(req: Request): Promise<Exclude<Caller, { kind: "organizer" | "locked" }>> {
    const bearer = req.get("authorization")?.match(/^Bearer\s+(\S+)$/i)?.[1];
    const tokens = bearer ? [bearer] : secretsOf(req, DEVICE_COOKIE);
    if (tokens.length === 0) return { kind: "nobody" };
    let device: Awaited<ReturnType<typeof deviceByToken>>;
    for (const token of tokens) device ??= await deviceByToken(db.read, token);
    if (!device) return { kind: "unpaired" };
    if (now() - device.last_seen_at > SEEN_EVERY) {
      // Nobody waits for this; a failure shows in the log and again with the next request.
      db.write((writer) => markSeen(writer, device.id, now())).catch((error) =>
        log.warn({ code: error.code }, "a device's last contact could not be noted"),
      );
    }
    return {
      kind: "device",
      id: device.id,
      eventId: device.event_id,
      boothId: device.booth_id,
      staffName: device.staff_name,
      phase: phaseOf(device, now()),
    };
  }
}

/** Signs in on the answer under way; the session that the browser held before ends. */
async function signIn({ db, now }: Deps, req: Request, res: Response): Promise<void> {
  const token = await openInstead(db, replacedSecret(req, SESSION_COOKIE), now());
  giveSecret(req, res, SESSION_COOKIE, token, SESSION_LASTS);
}

/** Whoever wants to know whether a passphrase is right waits here for those before: a try takes 128 MB and half a second. */
let trying: Promise<unknown> = Promise.resolve();
let tries = 0;
/** More than that do not wait, but for who sits at the laptop: a crowd that guesses must not shut out the organizer. */
const MOST_TRIES = 8;

/** What is wrong with a passphrase, as a key of the messages; undefined where it is the right one. */
async function wrongWith(
  { db, config }: Deps,
  req: Request,
  passphrase: string,
): Promise<MessageKey | undefined> {
  const { organizerPassphrase } = config;
  if (organizerPassphrase) {
    return isSamePassphrase(passphrase, organizerPassphrase) ? undefined : "sign-in.wrong";
  }
  const kept = await keptPassphrase(db.read);
  if (!kept) return "sign-in.no-passphrase-yet";
  if (tries >= MOST_TRIES && !isFromLaptop(req)) {
    throw new Problem("too-many", "refused.too-many", [], { count: 1 });
  }
  tries += 1;
  const isRight = trying.then(() => isPassphrase(passphrase, kept)).finally(() => (tries -= 1));
  trying = isRight.catch(() => undefined);
  return (await isRight) ? undefined : "sign-in.wrong";
}

/**
 * Takes the passphrase that the page of a locked session sends with a form that somebody had typed: the session is open
 * again, and the form goes on to where it was meant for as if nothing had been. `slowDown`: what slows down guessing.
 */
export function unlockWithForms(deps: Deps, slowDown: RequestHandler[]): RequestHandler[] {
  const takeOut: RequestHandler = (req, res, next) => {
    if (req.method !== "POST" || !Object.hasOwn(req.body, UNLOCKING)) return next();
    const { [UNLOCKING]: passphrase, ...form } = req.body;
    req.body = form;
    // Whatever is refused from now on, the form that was typed comes back.
    res.locals.unlocking = { passphrase };
    next();
  };
  const ifUnlocking =
    (handle: RequestHandler): RequestHandler =>
    (req, res, next) =>
      res.locals.unlocking ? handle(req, res, next) : next();
  const unlock: RequestHandler = async (req, res, next) => {
    const form = checkSignIn(res.locals.unlocking, sayInEnglish);
    if (!form.ok) throw new Problem("sign-in", "sign-in.empty");
    const wrong = await wrongWith(deps, req, form.value.passphrase);
    if (wrong) throw new Problem("sign-in", wrong);
    await signIn(deps, req, res);
    res.locals.unlocking = undefined;
    next();
  };
  return [takeOut, ...[...slowDown, unlock].map(ifUnlocking)];
}

/** Tablets are paired for an event: where there is none, the page says so and leads to a new one. */
function showNoEvent(req: Request, res: Response): void {
  if (wantsJson(req)) throw new Problem("missing", NO_EVENT_YET);
  show(res, "access/no-event", { title: "Tablets", section: "devices", message: NO_EVENT_YET });
}

/** The page for whoever is neither paired nor signed in. `problems` where a try has just failed. */
export function showSignIn(
  { config, network }: Deps,
  req: Request,
  res: Response,
  next: unknown = "/",
  problems: FieldProblem[] = [],
): void {
  const language = languageOf(req);
  const wanted = ownPath(next);
  show(res, "access/sign-in", {
    title: sayIn(language)("sign-in.title"),
    language,
    here: wanted === "/" ? "/" : `/sign-in?next=${encodeURIComponent(wanted)}`,
    styles: ["access"],
    width: "narrow",
    next: wanted,
    // What goes over plain HTTP to another machine can be read on the way.
    isPlain: !config.publicUrl && !req.secure && !isLoopback(req.hostname),
    canBeSecure: secureAddresses(config, network ?? {}).length > 0,
    problems,
  });
}

/** A session for the page that asks how long it stays open. */
function standingOf(session: SessionStanding | undefined) {
  if (!session) return { state: "out", locksIn: null };
  return { state: session.locksIn === 0 ? "locked" : "open", locksIn: session.locksIn };
}

export function accessRoutes(deps: Deps): Route[] {
  const { db, config, now } = deps;

  return [
    anyone.get("/sign-in", (req, res) => showSignIn(deps, req, res, req.query.next)),

    anyone.post("/session", async (req, res) => {
      const say = sayIn(languageOf(req));
      const form = checkSignIn(req.body, say);
      if (!form.ok) {
        if (wantsJson(req)) throw new Problem("invalid", "sign-in.missing", form.problems);
        return showSignIn(deps, req, res.status(422), req.body.next, form.problems);
      }
      const wrong = await wrongWith(deps, req, form.value.passphrase);
      if (wrong) {
        const problems = [{ field: "passphrase", message: say(wrong) }];
        if (wantsJson(req)) throw new Problem("sign-in", wrong, problems);
        return showSignIn(deps, req, res.status(401), form.value.next, problems);
      }
      await signIn(deps, req, res);
      if (wantsJson(req)) return void res.status(204).end();
      res.redirect(303, ownPath(form.value.next));
    }),

    // What the organizer's pages go by to lock themselves: a session is used in several windows.
    anyone.get("/session", { byItself: true }, async (req, res) => {
      res.json(standingOf(await bestSession(req)));
    }),

    // Somebody types, or moves through a page: nothing else tells the laptop of that.
    organizer.post("/session/use", { byItself: true }, async (req, res) => {
      // A browser may bring two, of HTTP and of HTTPS: one that has locked is not opened by the other one's use.
      await noteUses(db, secretsOf(req, SESSION_COOKIE), now());
      res.json(standingOf(await bestSession(req)));
    }),

    organizer.post("/session/lock", { whileLocked: true }, async (req, res) => {
      await lockAnyway(db, secretsOf(req, SESSION_COOKIE), now());
      if (wantsJson(req)) return void res.status(204).end();
      res.redirect(303, ownPath(req.body.next));
    }),

    organizer.get("/locking", (req, res) => showLocking(req, res)),

    organizer.post("/locking", async (req, res) => {
      const form = checkLockAfter(req.body);
      if (!form.ok) return showLocking(req, res.status(422), form.problems);
      await db.write((writer) => setLockAfter(writer, form.value.minutes, now()));
      res.redirect(303, "/locking?saved=yes");
    }),

    organizer.post("/session/end", { whileLocked: true }, async (req, res) => {
      const sessions = secretsOf(req, SESSION_COOKIE);
      await endAnyway(db, sessions);
      takeSecrets(req, res, SESSION_COOKIE, sessions);
      // Pages that the browser still holds to go back to. Not what is stored: visits may wait there, and a pairing.
      res.set("Clear-Site-Data", '"cache"');
      res.redirect(303, "/");
    }),

    anyone.get("/sign-in/:code", async (req, res) => {
      await showFirstSignIn(req, res, req.params.code as string);
    }),

    anyone.post("/sign-in/:code", async (req, res) => {
      const code = req.params.code as string;
      // Before the passphrase is hashed: that takes long, and is for those alone who hold a good code.
      if (!(await openInvitation(db.read, "sign-in", code, now()))) return showSpentSignIn(req, res);
      let hash: string | undefined;
      if (await mustChoosePassphrase()) {
        const form = checkNewPassphrase(req.body);
        if (!form.ok) return showFirstSignIn(req, res.status(422), code, form.problems);
        hash = await hashPassphrase(form.value.passphrase);
      }
      const isUsed = await db.write(async (writer) => {
        if (!(await useInvitation(writer, "sign-in", code, now()))) return false;
        if (hash) await setPassphrase(writer, hash);
        return true;
      });
      if (!isUsed) return showSpentSignIn(req, res);
      await signIn(deps, req, res);
      res.redirect(303, "/");
    }),

    // The page loads itself anew before its code runs out.
    organizer.get("/pair", { byItself: true }, async (req, res) => {
      const event = await chosenEvent(db.read, req.query.event, now());
      if (!event) return showNoEvent(req, res);
      const booths = offered(await entriesOf(db.read, "booths", event.id));
      const booth = booths.find((each) => each.slug === req.query.booth) ?? booths[0];
      const code = await db.write((writer) =>
        inviteToPair(writer, { eventId: event.id, boothId: booth?.id ?? null }, now()),
      );
      const laptops = laptopAddresses(req);
      const laptop = laptops.find((each) => each === req.query.address) ?? laptops[0];
      const authority = config.publicUrl ? undefined : deps.network?.https?.authority;
      const way = authority && req.query.way === "trusted" ? "trusted" : "plain";
      const pairing = `/pair/${code}`;
      const address = laptop + (way === "trusted" ? `/trust?next=${pairing}` : pairing);
      show(res, "access/pair", {
        title: "Pair a tablet",
        section: "devices",
        styles: ["access"],
        scripts: ["pair"],
        event,
        booths,
        booth,
        laptops,
        laptop,
        address,
        authority: authority && { ...authority, rows: fingerprintRows(authority.fingerprint) },
        way,
        trustedAddress: authority && secureTwin(laptop) + pairing,
        qr: await QRCode.toString(address, { type: "svg", margin: 2, errorCorrectionLevel: "M" }),
        paired: (await pairedDevices(db.read, event.id)).length,
        endsOn: wordsOfEnd(event),
      });
    }),

    anyone.get("/pair/:code", async (req, res, caller) => {
      await showPairing(req, res, req.params.code as string, caller);
    }),

    anyone.post("/pair/:code", async (req, res, caller) => {
      const code = req.params.code as string;
      const form = checkPairing(req.body, sayIn(languageOf(req)));
      if (!form.ok) {
        if (wantsJson(req)) throw new Problem("invalid", "pairing.name-missing", form.problems);
        return showPairing(req, res.status(422), code, caller, { typed: req.body, problems: form.problems });
      }
      const paired = await db.write(async (writer) => {
        const invitation = await useInvitation(writer, "pairing", code, now());
        if (!invitation?.event_id) throw new Problem("gone", "pairing.spent");
        const place = { eventId: invitation.event_id, boothId: invitation.booth_id };
        return pairDevice(writer, place, form.value.name, now());
      });
      // A browser keeps cookies for 400 days at most; a pairing ends when the organizer ends it.
      giveSecret(req, res, DEVICE_COOKIE, paired.token, 400 * 24 * 3_600_000);
      if (wantsJson(req)) res.status(201).json(paired);
      else res.redirect(303, "/");
    }),

    staff.post("/api/standing", { byItself: true, deviceUntil: "ever" }, async (req, res, caller) => {
      const form = checkStanding(req.body);
      if (!form.ok) throw new Problem("invalid", "refused.no-standing", form.problems);
      const { waiting, since, rescued, sentAt } = form.value;
      const offset = clockOffset(sentAt, now());
      if (caller.kind === "device") {
        const standing = { waiting, since: since === null ? null : since + offset, rescued };
        await db.write((writer) => keepStanding(writer, caller.id, standing, now()));
      }
      res.status(204).end();
    }),

    // The tablet's own way out: what it has to keep it must have sent or saved before.
    staff.post("/pairing/end", { deviceUntil: "ever" }, async (req, res, caller) => {
      if (caller.kind !== "device") throw new Problem("conflict", "refused.not-a-tablet");
      const isEnded = await db.write((writer) => unpairDevice(writer, caller.id, now()));
      if (!isEnded) throw new Problem("conflict", "refused.still-waiting");
      takeSecrets(req, res, DEVICE_COOKIE, await goneAmong(secretsOf(req, DEVICE_COOKIE)));
      if (wantsJson(req)) res.status(204).end();
      else res.redirect(303, "/");
    }),

    organizer.get("/devices", { byItself: wantsJson }, async (req, res) => {
      const event = await chosenEvent(db.read, req.query.event, now());
      if (!event) return showNoEvent(req, res);
      await showDevices(req, res, event);
    }),

    organizer.post("/devices/:id/unpairing", async (req, res) => {
      const id = req.params.id as string;
      const anyway = req.body.anyway === "yes";
      const isEnded = await db.write((writer) => unpairDevice(writer, id, now(), { anyway }));
      const device = isEnded ? undefined : await deviceById(db.read, id);
      if (device?.unpaired_at === null) {
        if (wantsJson(req)) throw new Problem("conflict", STILL_WAITING);
        return showDevices(req, res.status(409), await eventById(db.read, device.event_id), id);
      }
      res.redirect(303, `/devices?event=${encodeURIComponent(String(req.query.event ?? ""))}`);
    }),
  ];

  /** The session of a request that is open, else one that is locked; undefined where there is none. */
  async function bestSession(req: Request): Promise<SessionStanding | undefined> {
    const tokens = secretsOf(req, SESSION_COOKIE);
    const found = await Promise.all(tokens.map((token) => sessionOf(db.read, token, now())));
    return found.find((each) => each && each.locksIn !== 0) ?? found.find((each) => each);
  }

  async function showLocking(req: Request, res: Response, problems: FieldProblem[] = []): Promise<void> {
    show(res, "access/locking", {
      title: "When it locks",
      section: "laptop",
      styles: ["access"],
      width: "narrow",
      choices: LOCK_CHOICES,
      minutes: await lockAfter(db.read),
      saved: req.query.saved === "yes",
      problems,
    });
  }

  /** For an event that is over: until when a tablet that is paired with it now can be used. */
  function wordsOfEnd(event: Event): string | undefined {
    const { ends_on, time_zone } = event;
    if (localTime(now(), time_zone).day <= ends_on) return undefined;
    const { pages } = pairingEnds({ ends_on, time_zone, paired_at: now() });
    return dayInWords(localTime(pages, time_zone).day);
  }

  /** `refused`: the device that could not be unpaired a moment ago. */
  async function showDevices(req: Request, res: Response, event: Event, refused?: string): Promise<void> {
    const devices = await devicesInWords(event);
    if (wantsJson(req)) return void res.json({ devices });
    show(res, "access/devices", {
      title: "Paired devices",
      section: "devices",
      styles: ["events", "access"],
      event,
      devices,
      refused,
    });
  }

  /** Those that no longer open anything: over HTTPS, the pairing of the plain address stands by itself. */
  async function goneAmong(tokens: string[]): Promise<string[]> {
    const gone: string[] = [];
    for (const token of tokens) if (!(await deviceByToken(db.read, token))) gone.push(token);
    return gone;
  }

  /** Where tablets may find the laptop, the likeliest first: with a certificate that is trusted anyway, at its names. */
  function laptopAddresses(req: Request): [string, ...string[]] {
    const { network } = deps;
    const port = network?.port ?? req.socket.localPort ?? config.port;
    const plain = reachableAddresses({ ...config, port, localName: network?.localName });
    if (config.publicUrl || !network?.https || network.https.authority) return plain;
    return [...secureAddresses(config, network), ...plain] as [string, ...string[]];
  }

  /** The same host over HTTPS. */
  function secureTwin(address: string): string {
    const { hostname } = new URL(address);
    return `https://${hostname}:${deps.network?.https?.port}`;
  }

  async function mustChoosePassphrase(): Promise<boolean> {
    return !config.organizerPassphrase && (await keptPassphrase(db.read)) === undefined;
  }

  /** Who comes too late with a sign-in address has the passphrase, or goes to the laptop for a new address. */
  function showSpentSignIn(req: Request, res: Response): void {
    if (wantsJson(req)) throw new Problem("gone", "sign-in.spent");
    const message = sayIn(languageOf(req))("sign-in.spent");
    showSignIn(deps, req, res.status(410), "/", [{ field: "", message }]);
  }

  async function showFirstSignIn(
    req: Request,
    res: Response,
    code: string,
    problems: FieldProblem[] = [],
  ): Promise<void> {
    if (!(await openInvitation(db.read, "sign-in", code, now()))) return showSpentSignIn(req, res);
    show(res, "access/first-sign-in", {
      title: "Welcome to Boothlight",
      styles: ["access"],
      width: "narrow",
      code,
      choose: await mustChoosePassphrase(),
      problems,
    });
  }

  async function showPairing(
    req: Request,
    res: Response,
    code: string,
    caller: Caller,
    form: { typed?: { name?: unknown }; problems?: FieldProblem[] } = {},
  ): Promise<void> {
    const invitation = await openInvitation(db.read, "pairing", code, now());
    if (!invitation?.event_id) throw new Problem("gone", "pairing.spent");
    const event = await eventById(db.read, invitation.event_id);
    const booths = await entriesOf(db.read, "booths", event.id);
    const language = languageOf(req);
    show(res, "access/confirm-pairing", {
      title: sayIn(language)("pairing.title"),
      language,
      here: `/pair/${code}`,
      styles: ["access"],
      scripts: req.secure ? ["confirm-pairing"] : [],
      width: "narrow",
      code,
      // A browser takes what comes from its own device for safe.
      isSecure: req.secure || isLoopback(req.hostname),
      probes: req.secure,
      canBeTrusted: secureAddresses(config, deps.network ?? {}).length > 0,
      event,
      booth: booths.find((each) => each.id === invitation.booth_id),
      pairedAs: caller.kind === "device" ? caller.staffName : undefined,
      name: typeof form.typed?.name === "string" ? form.typed.name : "",
      problems: form.problems ?? [],
    });
  }

  /** What a pairing does no more because its event is over; empty where it does all. */
  function endedInWords({ paired_at }: { paired_at: Instant }, event: Event): string {
    const pairing = { ...event, paired_at };
    const phase = phaseOf(pairing, now());
    if (phase === "open") return "";
    const until = dayInWords(localTime(pairingEnds(pairing).delivery, event.time_zone).day);
    return phase === "delivers"
      ? `The event is over: it only delivers what waits, until ${until}`
      : `Ended on ${until}: what waits comes by rescue file`;
  }

  async function devicesInWords(event: Event) {
    const booths = await entriesOf(db.read, "booths", event.id);
    const timeOf = (at: Instant) => momentInWords(at, event.time_zone);
    // Devices are heard of once a minute at the most: see SEEN_EVERY.
    const isNear = (device: { last_seen_at: Instant }) => now() - device.last_seen_at < 3 * SEEN_EVERY;
    return (await pairedDevices(db.read, event.id)).map((device) => ({
      id: device.id,
      staffName: device.staff_name,
      ended: endedInWords(device, event),
      booth: booths.find((each) => each.id === device.booth_id)?.name ?? "",
      paired: timeOf(device.paired_at),
      lastSeen: timeOf(device.last_seen_at),
      isNear: isNear(device),
      waiting: device.waiting,
      waitingSince: device.waiting_since === null ? null : new Date(device.waiting_since).toISOString(),
      rescued: device.rescued === 1,
      standing: standingInWords(device, {
        isNear: isNear(device),
        timeOf: (at) => sinceInWords(at, event.time_zone, now()),
      }),
    }));
  }
}
