import type { CookieOptions, Request, Response } from "express";
import { cookieOf } from "./cookies";
import { isLanguage, LANGUAGE_COOKIE } from "./languages";
import { LOOK_COOKIE, lookOf } from "./looks";

/**
 * Neither secret nor of any account: the tablet's code reads and sets these too, over HTTP as over HTTPS, so that a
 * choice holds without the laptop.
 */
const COOKIE: CookieOptions = { sameSite: "lax", path: "/", maxAge: 365 * 24 * 3_600_000 };

/** Keeps on the device what was chosen for it. */
export function keepChoices(res: Response, { language, look }: { language?: string; look?: string }): void {
  if (language) res.cookie(LANGUAGE_COOKIE, language, COOKIE);
  if (look) res.cookie(LOOK_COOKIE, look, COOKIE);
}

/** Keeps it for another year: what a script has set, Safari forgets within a week. */
export function renewChoices(req: Request, res: Response): void {
  const language = cookieOf(req, LANGUAGE_COOKIE);
  const look = cookieOf(req, LOOK_COOKIE) && lookOf(req);
  keepChoices(res, { language: isLanguage(language) ? language : undefined, look });
}
