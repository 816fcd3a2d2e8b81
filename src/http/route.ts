import type { Express, NextFunction, Request, Response } from "express";
import { Problem } from "../errors";

/** A paired device as a request shows it. */
export interface DeviceCaller {
  kind: "device";
  id: string;
  eventId: string;
  boothId: string | null;
  staffName: string;
}

/** Who sends a request. An unpaired device holds a token that is no longer good. */
export type Caller = { kind: "nobody" } | { kind: "unpaired" } | DeviceCaller | { kind: "organizer" };

/** Who may use a route: anyone at all, staff (a paired device, or the organizer), the organizer alone. */
export type Audience = "anyone" | "staff" | "organizer";

export type Handler<Who = Caller> = (req: Request, res: Response, caller: Who) => unknown;

export interface Route {
  method: "get" | "post" | "delete";
  path: string;
  who: Audience;
  handle: Handler;
}

export type StaffCaller = DeviceCaller | { kind: "organizer" };

const declare =
  <Who extends Caller>(who: Audience, method: Route["method"]) =>
  (path: string, handle: Handler<Who>): Route => ({ method, path, who, handle: handle as Handler });

/** Declares a route together with who may use it: `organizer.get("/visits", listVisits)`. */
export const anyone = { get: declare("anyone", "get"), post: declare("anyone", "post") };
export const staff = {
  get: declare<StaffCaller>("staff", "get"),
  post: declare<StaffCaller>("staff", "post"),
  delete: declare<StaffCaller>("staff", "delete"),
};
export const organizer = {
  get: declare<{ kind: "organizer" }>("organizer", "get"),
  post: declare<{ kind: "organizer" }>("organizer", "post"),
};

/** Mounts the routes in the order given, each behind the check of who may use it. */
export function mount(app: Express, routes: Route[], whoIs: (req: Request) => Promise<Caller>): void {
  for (const { method, path, who, handle } of routes) {
    app[method](path, async (req: Request, res: Response, _next: NextFunction) => {
      const caller = await whoIs(req);
      admit(who, caller);
      // Only the page's frame reads this: it shows whose page it is.
      res.locals.caller = caller;
      await handle(req, res, caller);
    });
  }
}

function admit(who: Audience, caller: Caller): void {
  if (who === "anyone" || caller.kind === "organizer") return;
  if (caller.kind === "device") {
    if (who === "staff") return;
    throw new Problem("forbidden", "refused.for-organizer");
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
