import type { Network } from "../../http/addresses";

/** Kinds of devices, which are made to trust a laptop in ways of their own. */
export const SYSTEMS = ["android", "apple", "laptop"] as const;
export type System = (typeof SYSTEMS)[number];

/** What a device is, by what its browser calls itself. An iPad says that it is a Mac: the page's script knows better. */
export function systemOf(userAgent: string | undefined): System {
  if (/android/i.test(userAgent ?? "")) return "android";
  if (/ipad|iphone|ipod|macintosh/i.test(userAgent ?? "")) return "apple";
  return "laptop";
}

/** The name of the certificate's file, from the name of the authority: what is left of it in small letters. */
export function fileNameFor(authority: string): string {
  const name = authority
    .normalize("NFKD")
    .toLowerCase()
    .replace(/ on /, "-")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `${name || "boothlight"}.crt`;
}

/** A fingerprint in rows that people can compare: eight pairs of digits each. */
export function fingerprintRows(fingerprint: string): string[] {
  const pairs = fingerprint.split(":");
  return Array.from({ length: Math.ceil(pairs.length / 8) }, (_, row) =>
    pairs.slice(row * 8, row * 8 + 8).join(" "),
  );
}

/**
 * The secure addresses that a device can go on at, the best first. Whoever is paired already stays with the host of the
 * page, whose cookie and visits are there; whoever is not had better use the laptop's name, which stays the same when
 * its addresses change. `others`: what is left where the certificate is for neither.
 */
export function securePlaces(
  asked: { host: string; isPaired: boolean },
  { https, localName }: Pick<Network, "https" | "localName">,
  others: string[],
): string[] {
  if (!https) return others;
  const host = asked.host.toLowerCase().replace(/^\[|\]$/g, "");
  const hosts = asked.isPaired ? [host, localName] : [localName, host];
  const known = hosts.filter((each) => each !== undefined && https.names.includes(each)) as string[];
  const places = known.map((each) => `https://${each.includes(":") ? `[${each}]` : each}:${https.port}`);
  return places.length > 0 ? [...new Set(places)] : others;
}
