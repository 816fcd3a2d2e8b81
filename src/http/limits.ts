import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { Problem } from "../errors";

/** How many times as many tries one end of a connection has: behind a proxy it stands for everybody. */
const TRIES_OF_A_PROXY = 20;

/**
 * Slows down guessing: from one address, `most` failed tries in `minutes`. What succeeds is not counted,
 * so that ten tablets behind one address get on. `isGuess`: which requests are tries at all; left out, every one.
 */
export function slowGuesses(
  most: number,
  minutes: number,
  kind: string,
  isGuess: (req: Request) => boolean = () => true,
): RequestHandler[] {
  const limit = (tries: number, addressOf: (req: Request) => string | undefined) =>
    rateLimit({
      windowMs: minutes * 60_000,
      limit: tries,
      skipSuccessfulRequests: true,
      skip: (req) => !isGuess(req),
      standardHeaders: "draft-8",
      legacyHeaders: false,
      keyGenerator: (req: Request) => `${kind} ${ipKeyGenerator(addressOf(req) ?? "")}`,
      handler: (_req, _res, next) =>
        next(new Problem("too-many", "refused.too-many", [], { count: minutes })),
      // Whether a proxy's word counts is decided where PUBLIC_URL is read, not by who sends such a header.
      validate: { xForwardedForHeader: false, forwardedHeader: false },
    });
  return [
    limit(most, (req) => req.ip),
    // Where a proxy's word counts, a device on the booth's network could name a new address for each try.
    limit(most * TRIES_OF_A_PROXY, (req) => req.socket.remoteAddress),
  ];
}
