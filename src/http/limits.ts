import type { Request, RequestHandler } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { Problem } from "../errors";
import { isLoopback } from "./addresses";
import { DEVICE_COOKIE, secretsOf } from "./cookies";

/**
 * Requests a minute. Ten tablets behind one address come back after an outage with 2,000 visits that wait: should each
 * have to be sent by itself, that is a third of what their address may.
 */
export const REQUESTS_A_MINUTE = { device: 600, address: 6000 };

/**
 * Keeps one device, or one address, from taking all of the laptop's time. What comes from the laptop itself is not
 * counted. Behind a proxy an address is the one that the proxy names.
 */
export function limitRequests(): RequestHandler[] {
  const limit = (most: number, keyOf: (req: Request) => string | undefined) =>
    rateLimit({
      windowMs: 60_000,
      limit: most,
      skip: (req) => isFromLaptop(req) || keyOf(req) === undefined,
      standardHeaders: false,
      legacyHeaders: false,
      keyGenerator: (req: Request) => keyOf(req) ?? "",
      handler: (_req, res, next) => {
        res.set("Retry-After", "60");
        next(new Problem("too-many", "refused.too-many", [], { count: 1 }));
      },
      validate: { xForwardedForHeader: false, forwardedHeader: false },
    });
  return [limit(REQUESTS_A_MINUTE.address, placeOf), limit(REQUESTS_A_MINUTE.device, tokenOf)];
}

/** Where a request comes from as it counts: with IPv6 a whole network, of which each device has millions of addresses. */
export function placeOf(req: Request): string {
  return ipKeyGenerator((req.ip ?? "").replace(/^::ffff:/, ""));
}

/** What a proxy says of whom it passes a request on for. */
const PASSED_ON = ["x-forwarded-for", "forwarded", "via", "x-real-ip"];

/**
 * Whether a request comes from the laptop itself. What claims to be passed on never does: a proxy on the laptop comes from
 * there with everybody's requests, and where a proxy's word counts, any device could claim the laptop's own address.
 */
export function isFromLaptop(req: Request): boolean {
  const from = (req.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return isLoopback(from) && !PASSED_ON.some((name) => name in req.headers);
}

/** What a request of a device brings, before anybody has looked whether it is good. */
function tokenOf(req: Request): string | undefined {
  return req.get("authorization") ?? secretsOf(req, DEVICE_COOKIE)[0];
}

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
