import type { Request } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { Problem } from "../errors";

/**
 * Slows down guessing: from one address, `most` failed tries in `minutes`. What succeeds is not counted,
 * so that ten tablets behind one address get on.
 */
export function slowGuesses(most: number, minutes: number, kind: string) {
  return rateLimit({
    windowMs: minutes * 60_000,
    limit: most,
    skipSuccessfulRequests: true,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    keyGenerator: (req: Request) => `${kind} ${ipKeyGenerator(req.ip ?? "")}`,
    handler: (_req, _res, next) =>
      next(new Problem("too-many", `Too many tries. Please wait ${minutes} minutes and try again.`)),
  });
}
