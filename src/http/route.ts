import type { Express, NextFunction, Request, Response } from "express";
import { Problem } from "../errors";

/** A paired device as a request shows it. */
export interface DeviceCaller {
  kind: "device";
  id: string;
  eventId: string;
  boothId: string | null;
  staffName: string;
  /** Some days after the event it only delivers what waits on it; later not even that. */
  phase: "open" | "delivers" | "ended";
}

/**
 * Who sends a request. An unpaired device holds a token that is no longer good. A locked organizer is nobody until the
 * passphrase is typed; the browser may be paired besides, and staff's pages are open to it then.
 */
export type Caller =
  | { kind: "nobody" }
  | { kind: "unpaired" }
  | DeviceCaller
  | { kind: "locked"; device?: DeviceCaller }
  | { kind: "organizer" };

/** Who may use a route: anyone at all, staff (a paired device, or the organizer), the organizer alone. */
export type Audience = "anyone" | "staff" | "organizer";

export type Handler<Who = Caller> = (req: Request, res: Response, caller: Who) => unknown;

export interface Route {
  method: "get" | "post" | "delete";
  path: string;
  who: Audience;
  handle: Handler;
  /** What goes for it besides. */
  also: Also;
}

interface Also {
  /** Pages ask for it by themselves: it is no sign of anybody being at the laptop. */
  byItself?: boolean | ((req: Request) => boolean);
  /** Also for an organizer whose session is locked: what everybody in the hall sees. */
  whileLocked?: boolean;
  /** How long a device may use it: while its pages are open, or as long as it delivers what waits on it, or ever. */
  deviceUntil?: "pages end" | "delivered" | "ever";
}

export type StaffCaller = DeviceCaller | { kind: "organizer" };

/** Declares a route: its path, what goes for it besides where anything does, and what answers it. */
function declare<Who extends Caller>(who: Audience, method: Route["method"]) {
  function route(path: string, handle: Handler<Who>): Route;
  function route(path: string, also: Also, handle: Handler<Who>): Route;
  function route(path: string, ...rest: [Handler<Who>] | [Also, Handler<Who>]): Route {
    const [also, handle] = rest.length === 2 ? rest : [{}, rest[0]];
    return { method, path, who, handle: handle as Handler, also };
  }
  return route;
}

type OrganizerCaller = Extract<Caller, { kind: "organizer" | "locked" }>;

/** Declares a route together with who may use it: `organizer.get("/visits", listVisits)`. */
export const anyone = { get: declare("anyone", "get"), post: declare("anyone", "post") };
export const staff = {
  get: declare<StaffCaller>("staff", "get"),
  post: declare<StaffCaller>("staff", "post"),
  delete: declare<StaffCaller>("staff", "delete"),
};
export const organizer = {
  get: declare<OrganizerCaller>("organizer", "get"),
  post: declare<OrganizerCaller>("organizer", "post"),
};

/** What the organizer is told whose session is locked. */
export const LOCKED = "Type the passphrase to go on where you were.";

/**
 * Mounts the routes in the order given, each behind the check of who may use it. `whoIs` is told whether the request is
 * a sign of somebody being there.
 */
export function mount(
  app: Express,
  routes: Route[],
  whoIs: (req: Request, isSomebody: boolean) => Promise<Caller>,
): void {
  for (const { method, path, who, handle, also } of routes) {
    app[method](path, async (req: Request, res: Response, _next: NextFunction) => {
      const { byItself = false } = also;
      const found = await whoIs(req, !(typeof byItself === "function" ? byItself(req) : byItself));
      const caller = found.kind === "locked" && who === "staff" && found.device ? found.device : found;
      // Only the page's frame reads this: it shows whose page it is.
      res.locals.caller = caller;
      admit(who, caller, also);
      await handle(req, res, caller);
    });
  }
}

function admit(who: Audience, caller: Caller, { whileLocked, deviceUntil = "pages end" }: Also): void {
  if (who === "anyone" || caller.kind === "organizer") return;
  if (caller.kind === "device") {
    if (who !== "staff") throw new Problem("forbidden", "refused.for-organizer");
    const isOver =
      caller.phase === "ended"
        ? deviceUntil !== "ever"
        : caller.phase === "delivers" && deviceUntil === "pages end";
    if (isOver)
      throw new Problem("ended", caller.phase === "ended" ? "refused.pairing-over" : "refused.event-over");
    return;
  }
  if (caller.kind === "locked") {
    if (whileLocked) return;
    throw new Problem("sign-in", LOCKED);
  }
  if (caller.kind === "unpaired") {
    throw new Problem("sign-in", "refused.unpaired");
  }
  throw new Problem("sign-in", who === "staff" ? "refused.pair-first" : "refused.sign-in-first");
}

/** Whether the answer should be JSON: for programs, and for the tablet's own requests. */
export function wantsJson(req: Request): boolean {
  return req.path.startsWith("/api/") || req.accepts(["html", "json"]) === "json";
}
