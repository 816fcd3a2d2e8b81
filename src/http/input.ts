import express, { type Request, type RequestHandler } from "express";
import { Problem } from "../errors";

/** Refuses addresses with a zero character in them: no page has one, and PostgreSQL fails where it looks for it. */
export const refuseBrokenAddresses: RequestHandler = (req, _res, next) => {
  next(req.url.includes("%00") ? new Problem("malformed", "refused.address") : undefined);
};

/**
 * Reads JSON and plain forms into `req.body`, which is `{}` where nothing was sent. A form with files is left to the
 * route that takes it. Anything else that was sent is refused with words, instead of being taken for nothing.
 */
export function readBodies(): RequestHandler[] {
  return [
    express.json({ limit: "4mb" }),
    express.urlencoded({ extended: false, limit: "256kb", parameterLimit: 2000 }),
    (req, _res, next) => {
      if (req.body === undefined && hasBody(req) && !req.is("multipart/form-data")) {
        const isForPrograms = req.path.startsWith("/api/");
        throw new Problem("unreadable", isForPrograms ? "refused.not-json" : "refused.not-a-form");
      }
      req.body ??= {};
      next();
    },
  ];
}

function hasBody(req: Request): boolean {
  return req.get("transfer-encoding") !== undefined || Number(req.get("content-length")) > 0;
}
