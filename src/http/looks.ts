import type { Request } from "express";
import { cookieOf } from "./cookies";

/** How pages look: as the device is set, or as somebody chose on it. `contrast` is for bright halls. */
export const LOOKS = ["auto", "light", "dark", "contrast"] as const;
export type Look = (typeof LOOKS)[number];

/** A choice, not a secret: the tablet's code reads it, and sets it where the laptop is out of reach. */
export const LOOK_COOKIE = "boothlight_look";

export function lookOf(req: Request): Look {
  const chosen = cookieOf(req, LOOK_COOKIE);
  return LOOKS.find((look) => look === chosen) ?? "auto";
}
