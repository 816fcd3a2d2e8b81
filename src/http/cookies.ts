import type { CookieOptions, Request, Response } from "express";

export const SESSION_COOKIE = "boothlight_session";
export const DEVICE_COOKIE = "boothlight_device";
/** The code of the page of a visitor who has just left their details on this phone, until they have seen it. */
export const OWN_PAGE_COOKIE = "boothlight_own";

/** What browsers keep for HTTPS alone, and let no page of plain HTTP write over. */
const OVER_HTTPS = "__Host-";

/**
 * Gives a browser a secret to come back with: out of reach of scripts, not sent along by other sites. The same laptop is
 * reached over HTTP and over HTTPS, and browsers let HTTP change nothing that HTTPS has set: so each has a cookie of its
 * own. `lasts`: milliseconds; left out, until the browser is closed.
 */
export function giveSecret(req: Request, res: Response, name: string, secret: string, lasts?: number): void {
  const [itsName = name] = namesFor(req, name);
  res.cookie(itsName, secret, { ...optionsFor(req), ...(lasts && { maxAge: lasts }) });
  // Who signs in with a form that goes on to somewhere else is known there already.
  if (req.cookies) req.cookies[itsName] = secret;
}

/** The secret that another one would take the place of in the browser. */
export function replacedSecret(req: Request, name: string): string | undefined {
  return cookieOf(req, namesFor(req, name)[0] ?? name);
}

/**
 * The secrets that a request brings, those that count more first: over HTTPS also the one that was given over HTTP, so
 * that a tablet which was paired there goes on.
 */
export function secretsOf(req: Request, name: string): string[] {
  return namesFor(req, name)
    .map((each) => cookieOf(req, each))
    .filter((secret): secret is string => !!secret);
}

/** Takes these secrets away from the browser again. */
export function takeSecrets(req: Request, res: Response, name: string, secrets: string[]): void {
  for (const each of namesFor(req, name)) {
    if (secrets.includes(cookieOf(req, each) ?? "")) res.clearCookie(each, optionsFor(req));
  }
}

function namesFor(req: Request, name: string): string[] {
  return req.secure ? [OVER_HTTPS + name, name] : [name];
}

function optionsFor(req: Request): CookieOptions {
  return { httpOnly: true, sameSite: "lax", secure: req.secure, path: "/" };
}

/** The text of a cookie; none before cookies were read. One that claims to be JSON is parsed before it comes here, and no text any more. */
export function cookieOf(req: Request, name: string): string | undefined {
  const value: unknown = req.cookies?.[name];
  return typeof value === "string" ? value : undefined;
}
