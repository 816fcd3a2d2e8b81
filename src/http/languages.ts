import type { Request } from "express";
import de from "../languages/de.json";
import en from "../languages/en.json";
import es from "../languages/es.json";
import fr from "../languages/fr.json";
import ja from "../languages/ja.json";
import pt from "../languages/pt.json";
import { LANGUAGES, type Language, type Messages, type Say, speaker } from "../languages/say";
import { cookieOf } from "./cookies";

export const MESSAGES: Record<Language, Messages> = { en, de, fr, es, pt, ja };
const CODES = Object.keys(LANGUAGES) as Language[];
/** The language that somebody chose on this device; a choice, not a secret, so scripts may read it. */
export const LANGUAGE_COOKIE = "boothlight_language";

const speakers = new Map<Language, Say>();

/** Words in a language. */
export function sayIn(language: Language): Say {
  const known = speakers.get(language);
  if (known) return known;
  const say = speaker(language, MESSAGES[language]);
  speakers.set(language, say);
  return say;
}

export function isLanguage(code: unknown): code is Language {
  return CODES.some((each) => each === code);
}

/** The language of a device: what was chosen on it, else what its browser asks for, else English. */
export function languageOf(req: Request): Language {
  const chosen = cookieOf(req, LANGUAGE_COOKIE);
  if (isLanguage(chosen)) return chosen;
  const asked = req.acceptsLanguages(CODES);
  return isLanguage(asked) ? asked : "en";
}

/** What the laptop alone says; all other messages go to the tablet's code as well. */
export const SAID_BY_LAPTOP =
  /^(ask|asked|letter|own|page|pairing|privacy|refused|sign-in|trust|visitor|wall)\./;

/** The messages of a language for the tablet's code, as JSON to stand in a `<script type="application/json">`. */
export function tabletMessages(language: Language): string {
  const spoken = Object.entries(MESSAGES[language]).filter(([key]) => !SAID_BY_LAPTOP.test(key));
  // No word may end the element that it stands in.
  return JSON.stringify(Object.fromEntries(spoken)).replaceAll("<", "\\u003c");
}
