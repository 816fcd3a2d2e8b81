import type { CookieOptions, Request } from "express";

export const SESSION_COOKIE = "boothlight_session";
export const DEVICE_COOKIE = "boothlight_device";

/** Out of reach of scripts, not sent along by other sites, and over HTTPS alone where the page came that way. */
export function cookieOptions(req: Request, maxAge?: number): CookieOptions {
  return { httpOnly: true, sameSite: "lax", secure: req.secure, path: "/", ...(maxAge && { maxAge }) };
}

/** The text of a cookie; none before cookies were read. One that claims to be JSON is parsed before it comes here, and no text any more. */
export function cookieOf(req: Request, name: string): string | undefined {
  const value: unknown = req.cookies?.[name];
  return typeof value === "string" ? value : undefined;
}
