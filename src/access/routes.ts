import type { Request, Response } from "express";
import QRCode from "qrcode";
import { entriesOf, offered } from "../catalog/store";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import { momentInWords } from "../events/rules";
import { chosenEvent, eventById } from "../events/store";
import { reachableAddresses } from "../http/addresses";
import { cookieOf, cookieOptions, DEVICE_COOKIE, SESSION_COOKIE } from "../http/cookies";
import { show } from "../http/pages";
import { anyone, type Caller, organizer, type Route, wantsJson } from "../http/route";
import { checkNewPassphrase, checkPairing, checkSignIn, ownPath } from "./form";
import { hashPassphrase, isPassphrase, isSamePassphrase, SEEN_EVERY, SESSION_LASTS } from "./rules";
import {
  closeSession,
  deviceByToken,
  inviteToPair,
  isSessionOpen,
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

const PAIRING_IS_SPENT =
  "This address was used already, or its time ran out. Ask for a new code: each pairs one device, within ten minutes.";
const SIGN_IN_IS_SPENT =
  "This address was used already, or its time ran out. Sign in with the passphrase; if there is none yet, start Boothlight again: it prints a new address.";
const NO_EVENT_YET = "Set up an event first; then tablets can be paired with it.";
const NO_PASSPHRASE_YET =
  "No passphrase has been set yet. Open the sign-in address that the laptop printed when it started.";

/** Who sends a request: the organizer's cookie first, then a device's bearer token or cookie. */
export function callerOf({ db, now, log }: Deps) {
  return async (req: Request): Promise<Caller> => {
    const session = cookieOf(req, SESSION_COOKIE);
    if (session && (await isSessionOpen(db.read, session, now()))) return { kind: "organizer" };
    const token = req.get("authorization")?.match(/^Bearer\s+(\S+)$/i)?.[1] ?? cookieOf(req, DEVICE_COOKIE);
    if (!token) return { kind: "nobody" };
    const device = await deviceByToken(db.read, token);
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
export function showSignIn(res: Response, next: unknown = "/", problems: FieldProblem[] = []): void {
  show(res, "access/sign-in", {
    title: "Sign in",
    styles: ["access"],
    width: "narrow",
    next: ownPath(next),
    problems,
  });
}

export function accessRoutes(deps: Deps): Route[] {
  const { db, config, now } = deps;

  /** Signs in on the answer under way. */
  const signIn = async (req: Request, res: Response) => {
    const token = await db.write((writer) => openSession(writer, now()));
    res.cookie(SESSION_COOKIE, token, cookieOptions(req, SESSION_LASTS));
  };

  /** What is wrong with a passphrase, in words for the person who typed it; undefined where it is the right one. */
  const wrongWith = async (passphrase: string) => {
    const kept = config.organizerPassphrase ? undefined : await keptPassphrase(db.read);
    if (!config.organizerPassphrase && !kept) return NO_PASSPHRASE_YET;
    const isRight = kept
      ? await isPassphrase(passphrase, kept)
      : isSamePassphrase(passphrase, config.organizerPassphrase as string);
    return isRight ? undefined : "That is not the passphrase. Please try again.";
  };

  return [
    anyone.get("/sign-in", (req, res) => showSignIn(res, req.query.next)),

    anyone.post("/session", async (req, res) => {
      const form = checkSignIn(req.body);
      if (!form.ok) {
        if (wantsJson(req)) throw new Problem("invalid", "The passphrase is missing.", form.problems);
        return showSignIn(res.status(422), req.body.next, form.problems);
      }
      const wrong = await wrongWith(form.value.passphrase);
      if (wrong) {
        const problems = [{ field: "passphrase", message: wrong }];
        if (wantsJson(req)) throw new Problem("sign-in", wrong, problems);
        return showSignIn(res.status(401), form.value.next, problems);
      }
      await signIn(req, res);
      res.redirect(303, ownPath(form.value.next));
    }),

    organizer.post("/session/end", async (req, res) => {
      await db.write((writer) => closeSession(writer, cookieOf(req, SESSION_COOKIE) ?? ""));
      res.clearCookie(SESSION_COOKIE, cookieOptions(req));
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
      const port = req.socket.localPort ?? config.port;
      const laptops = reachableAddresses({ ...config, port });
      const laptop = laptops.find((each) => each === req.query.address) ?? laptops[0];
      const address = `${laptop}/pair/${code}`;
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
        qr: await QRCode.toString(address, { type: "svg", margin: 2, errorCorrectionLevel: "M" }),
        paired: (await pairedDevices(db.read, event.id)).length,
      });
    }),

    anyone.get("/pair/:code", async (req, res, caller) => {
      await showPairing(res, req.params.code as string, caller);
    }),

    anyone.post("/pair/:code", async (req, res, caller) => {
      const code = req.params.code as string;
      const form = checkPairing(req.body);
      if (!form.ok) {
        if (wantsJson(req)) throw new Problem("invalid", "The name is missing.", form.problems);
        return showPairing(res.status(422), code, caller, { typed: req.body, problems: form.problems });
      }
      const paired = await db.write(async (writer) => {
        const invitation = await useInvitation(writer, "pairing", code, now());
        if (!invitation?.event_id) throw new Problem("gone", PAIRING_IS_SPENT);
        const place = { eventId: invitation.event_id, boothId: invitation.booth_id };
        return pairDevice(writer, place, form.value.name, now());
      });
      // A browser keeps cookies for 400 days at most; a pairing ends when the organizer ends it.
      res.cookie(DEVICE_COOKIE, paired.token, cookieOptions(req, 400 * 24 * 3_600_000));
      if (wantsJson(req)) res.status(201).json(paired);
      else res.redirect(303, "/");
    }),

    organizer.get("/devices", async (req, res) => {
      const event = await chosenEvent(db.read, req.query.event, now());
      if (!event) return showNoEvent(req, res);
      const devices = await devicesInWords(event);
      if (wantsJson(req)) return res.json({ devices });
      show(res, "access/devices", {
        title: "Paired devices",
        section: "devices",
        styles: ["access"],
        event,
        devices,
      });
    }),

    organizer.post("/devices/:id/unpairing", async (req, res) => {
      await db.write((writer) => unpairDevice(writer, req.params.id as string, now()));
      res.redirect(303, `/devices?event=${encodeURIComponent(String(req.query.event ?? ""))}`);
    }),
  ];

  async function mustChoosePassphrase(): Promise<boolean> {
    return !config.organizerPassphrase && (await keptPassphrase(db.read)) === undefined;
  }

  /** Who comes too late with a sign-in address has the passphrase, or goes to the laptop for a new address. */
  function showSpentSignIn(req: Request, res: Response): void {
    if (wantsJson(req)) throw new Problem("gone", SIGN_IN_IS_SPENT);
    showSignIn(res.status(410), "/", [{ field: "", message: SIGN_IN_IS_SPENT }]);
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
    res: Response,
    code: string,
    caller: Caller,
    form: { typed?: { name?: unknown }; problems?: FieldProblem[] } = {},
  ): Promise<void> {
    const invitation = await openInvitation(db.read, "pairing", code, now());
    if (!invitation?.event_id) throw new Problem("gone", PAIRING_IS_SPENT);
    const event = await eventById(db.read, invitation.event_id);
    const booths = await entriesOf(db.read, "booths", event.id);
    show(res, "access/confirm-pairing", {
      title: "Pair this device",
      styles: ["access"],
      width: "narrow",
      code,
      event,
      booth: booths.find((each) => each.id === invitation.booth_id),
      pairedAs: caller.kind === "device" ? caller.staffName : undefined,
      name: typeof form.typed?.name === "string" ? form.typed.name : "",
      problems: form.problems ?? [],
    });
  }

  async function devicesInWords(event: { id: string; time_zone: string }) {
    const booths = await entriesOf(db.read, "booths", event.id);
    return (await pairedDevices(db.read, event.id)).map((device) => ({
      id: device.id,
      staffName: device.staff_name,
      booth: booths.find((each) => each.id === device.booth_id)?.name ?? "",
      paired: momentInWords(device.paired_at, event.time_zone),
      lastSeen: momentInWords(device.last_seen_at, event.time_zone),
      // Devices are heard of once a minute at the most: see SEEN_EVERY.
      isNear: now() - device.last_seen_at < 3 * SEEN_EVERY,
    }));
  }
}
