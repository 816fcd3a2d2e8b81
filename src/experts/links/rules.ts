import { createHmac, timingSafeEqual } from "node:crypto";

/** What a private link goes by. A new number makes the links before it worthless. */
export interface LinkHolder {
  id: string;
  link_number: number;
}

/** The last part of an expert's private link: who it is for, and what nobody can make up. 54 characters fit for addresses. */
export function linkToken(secret: string, { id, link_number }: LinkHolder): string {
  const who = Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url");
  return who + seal(secret, id, link_number);
}

/** The expert's id that a token names, whether it is a good one or not; undefined where it is no token. */
export function idInToken(token: string): string | undefined {
  if (!/^[\w-]{54}$/.test(token)) return undefined;
  const hex = Buffer.from(token.slice(0, 22), "base64url").toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether a token is the one of this expert's link. Takes the same time for each wrong one. */
export function isLinkOf(secret: string, holder: LinkHolder, token: string): boolean {
  const expected = Buffer.from(linkToken(secret, holder));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** 192 bits of an HMAC with SHA-256. */
function seal(secret: string, id: string, number: number): string {
  return createHmac("sha256", secret)
    .update(`expert ${id} ${number}`)
    .digest()
    .subarray(0, 24)
    .toString("base64url");
}
