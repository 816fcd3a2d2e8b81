import type { Request, Response } from "express";
import QRCode from "qrcode";
import { entriesOf, offered } from "../catalog/store";
import type { Instant } from "../database/tables";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { momentInWords, sinceInWords } from "../events/rules";
import { chosenEvent, type Event, eventById } from "../events/store";
import { isLoopback, reachableAddresses, secureAddresses } from "../http/addresses";
import { DEVICE_COOKIE, giveSecret, SESSION_COOKIE, secretsOf, takeSecrets } from "../http/cookies";
import { languageOf, sayIn } from "../http/languages";
import { show } from "../http/pages";
import { anyone, type Caller, organizer, type Route, staff, wantsJson } from "../http/route";
import type { MessageKey } from "../languages/say";
import { checkNewPassphrase, checkPairing, checkSignIn, checkStanding, ownPath } from "./form";
import {
  clockOffset,
  hashPassphrase,
  isPassphrase,
  isSamePassphrase,
  SEEN_EVERY,
  SESSION_LASTS,
  standingInWords,
} from "./rules";
import {
  closeSession,
  type Device,
  deviceById,
  deviceByToken,
  inviteToPair,
  isSessionOpen,
  keepStanding,
  keptPassphrase,
  markSeen,
  openInvitation,
  openSession,
  pairDevice,
  pairedDevices,
  setPassphrase,
  unpairDevice,
  useInvitation,
} from "./store";
import { fingerprintRows } from "./trust/rules";

const STILL_WAITING =
  "Visits wait on this tablet that are in no rescue file. Send or rescue them first; a lost tablet can be shut out with anyway=yes.";
const NO_EVENT_YET = "Set up an event first; then tablets can be paired with it.";

/** Who sends a request: the organizer's cookies first, then a device's bearer token or cookies. */
export function callerOf({ db, now, log }: Deps) {
  return async (req: Request): Promise<Caller> => {
    for (const session of secretsOf(req, SESSION_COOKIE)) {
      if (await isSessionOpen(db.read, session, now())) return { kind: "organizer" };
    }
    const bearer = req.get("authorization")?.match(/^Bearer\s+(\S+)$/i)?.[1];
    const tokens = bearer ? [bearer] : secretsOf(req, DEVICE_COOKIE);
    if (tokens.length === 0) return { kind: "nobody" };
    let device: Device | undefined;
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
    };
  };
}

/** Tablets are paired for an event: where there is none, the page says so and leads to a new one. */
function showNoEvent(req: Request, res: Response): void {
  if (wantsJson(req)) throw new Problem("missing", NO_EVENT_YET);
  show(res, "access/no-event", { title: "Tablets", section: "devices", message: NO_EVENT_YET });
}

/** The page for whoever is neither paired nor signed in. `problems` where a try has just failed. */
export function showSignIn(
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
    problems,
  });
}

export function accessRoutes(deps: Deps): Route[] {
  const { db, config, now } = deps;

  /** Signs in on the answer under way. */
  const signIn = async (req: Request, res: Response) => {
    const token = await db.write((writer) => openSession(writer, now()));
    giveSecret(req, res, SESSION_COOKIE, token, SESSION_LASTS);
  };

  /** What is wrong with a passphrase, as a key of the messages; undefined where it is the right one. */
  const wrongWith = async (passphrase: string): Promise<MessageKey | undefined> => {
    const kept = config.organizerPassphrase ? undefined : await keptPassphrase(db.read);
    if (!config.organizerPassphrase && !kept) return "sign-in.no-passphrase-yet";
    const isRight = kept
      ? await isPassphrase(passphrase, kept)
      : isSamePassphrase(passphrase, config.organizerPassphrase as string);
    return isRight ? undefined : "sign-in.wrong";
  };

  return [
    anyone.get("/sign-in", (req, res) => showSignIn(req, res, req.query.next)),

    anyone.post("/session", async (req, res) => {
      const say = sayIn(languageOf(req));
      const form = checkSignIn(req.body, say);
      if (!form.ok) {
        if (wantsJson(req)) throw new Problem("invalid", "sign-in.missing", form.problems);
        return showSignIn(req, res.status(422), req.body.next, form.problems);
      }
      const wrong = await wrongWith(form.value.passphrase);
      if (wrong) {
        const problems = [{ field: "passphrase", message: say(wrong) }];
        if (wantsJson(req)) throw new Problem("sign-in", wrong, problems);
        return showSignIn(req, res.status(401), form.value.next, problems);
      }
      await signIn(req, res);
      res.redirect(303, ownPath(form.value.next));
    }),

    organizer.post("/session/end", async (req, res) => {
      const sessions = secretsOf(req, SESSION_COOKIE);
      await db.write(async (writer) => {
        for (const session of sessions) await closeSession(writer, session);
      });
      takeSecrets(req, res, SESSION_COOKIE, sessions);
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
      await signIn(req, res);
      res.redirect(303, "/");
    }),

    organizer.get("/pair", async (req, res) => {
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

    staff.post("/api/standing", async (req, res, caller) => {
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
    staff.post("/pairing/end", async (req, res, caller) => {
      if (caller.kind !== "device") throw new Problem("conflict", "refused.not-a-tablet");
      const isEnded = await db.write((writer) => unpairDevice(writer, caller.id, now()));
      if (!isEnded) throw new Problem("conflict", "refused.still-waiting");
      takeSecrets(req, res, DEVICE_COOKIE, await goneAmong(secretsOf(req, DEVICE_COOKIE)));
      if (wantsJson(req)) res.status(204).end();
      else res.redirect(303, "/");
    }),

    organizer.get("/devices", async (req, res) => {
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
    showSignIn(req, res.status(410), "/", [{ field: "", message }]);
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

  async function devicesInWords(event: Event) {
    const booths = await entriesOf(db.read, "booths", event.id);
    const timeOf = (at: Instant) => momentInWords(at, event.time_zone);
    // Devices are heard of once a minute at the most: see SEEN_EVERY.
    const isNear = (device: { last_seen_at: Instant }) => now() - device.last_seen_at < 3 * SEEN_EVERY;
    return (await pairedDevices(db.read, event.id)).map((device) => ({
      id: device.id,
      staffName: device.staff_name,
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
