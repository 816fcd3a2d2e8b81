import type { NextFunction, Request, Response } from "express";
import { Problem } from "../errors";

const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses writes that a page of another origin makes a browser send. Browsers name the origin of every
 * such write; programs that name none hold no cookie that somebody else could use.
 * `publicUrl` counts as our own: a reverse proxy may change the Host.
 */
export function refuseForeignWrites(publicUrl: string | undefined) {
  const ownOrigin = publicUrl && new URL(publicUrl).origin;
  return (req: Request, _res: Response, next: NextFunction) => {
    if (READING.has(req.method)) return next();
    const origin = req.get("origin");
    const foreign = origin
      ? origin !== ownOrigin && !isOfThisHost(origin, req)
      : ["cross-site", "same-site"].includes(req.get("sec-fetch-site") ?? "");
    next(foreign ? new Problem("forbidden", "refused.other-site") : undefined);
  };
}

/** Over HTTPS, what another program on the network says over HTTP in the laptop's name is foreign too. */
function isOfThisHost(origin: string, req: Request): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  return host === req.get("host") && (protocol === "https:" || !req.secure);
}
