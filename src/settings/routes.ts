import type { CookieOptions } from "express";
import { ownPath } from "../access/form";
import { Problem } from "../errors";
import { LANGUAGE_COOKIE, languageOf, sayIn } from "../http/languages";
import { LOOK_COOKIE } from "../http/looks";
import { anyone, type Route, wantsJson } from "../http/route";
import { checkSettings } from "./form";

/**
 * Neither secret nor of any account: the tablet's code reads and sets these too, over HTTP as over HTTPS, so that a
 * choice holds without the laptop.
 */
const COOKIE: CookieOptions = { sameSite: "lax", path: "/", maxAge: 365 * 24 * 3_600_000 };

/** What a device is set to: its language and its look, for whoever holds it. */
export function settingsRoutes(): Route[] {
  return [
    anyone.post("/settings", (req, res) => {
      const form = checkSettings(req.body, sayIn(languageOf(req)));
      if (!form.ok) throw new Problem("invalid", "refused.settings", form.problems);
      const { language, look, next } = form.value;
      if (language) res.cookie(LANGUAGE_COOKIE, language, COOKIE);
      if (look) res.cookie(LOOK_COOKIE, look, COOKIE);
      if (wantsJson(req)) res.status(204).end();
      else res.redirect(303, ownPath(next));
    }),
  ];
}
