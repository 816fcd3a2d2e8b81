import ICAL from "ical.js";
import { decodeBytes } from "./charset";
import { compose, type Field, type Found, oneLine, readable } from "./contact";

/**
 * vCards as found things, in the order of the text: https://www.rfc-editor.org/rfc/rfc6350 (4.0), rfc2426 (3.0) and
 * versit's 2.1. ical.js reads each line; what it is too strict for in the cards of real phones is mended before:
 * 2.1's folding, encodings and parameters without a name. A line that cannot be read is kept as text.
 */
export function foundInCards(text: string): Found[] {
  const { cards, outside } = cardsIn(text);
  const [first = [], ...others] = cards;
  const found = foundInCard(first);
  for (const card of others) {
    const other = compose(foundInCard(card));
    const words = readable(other)
      .replaceAll(/^Also: /gm, "")
      .replaceAll(/\s*\n\s*/g, "; ");
    if (words) found.push({ label: "second card", value: words });
  }
  for (const line of outside) found.push({ label: "", value: line });
  return found;
}

/** A line of a card as it is written: what stands before the value, and the value. */
interface Line {
  head: string;
  value: string;
  /** Of no known shape: kept as it is. */
  unread?: boolean;
}

/** A property as ical.js gives it. */
interface Property {
  name: string;
  group?: string;
  types: string[];
  params: Record<string, string | string[]>;
  /** The value's parts, each in its own components: ORG and N have several. */
  parts: string[];
}

const HEAD = /^\s*(?:[\w-]+\.)?[A-Za-z][\w-]*(?:\s*;(?:[^":]|"[^"]*")*)?\s*:/;
const ENCODINGS = /^(?:quoted-printable|base64|b|8bit|7bit)$/i;

/** Only these are split into parts; everything is text, so that no strict type of value gets in the way. */
const DESIGN = {
  ...ICAL.design.vcard3,
  // Versions differ in whether a semicolon is escaped outside of lists; writers do not know which is which.
  value: { ...ICAL.design.vcard3.value, text: ICAL.design.icalendar.value.text },
  property: {
    n: { defaultType: "text", structuredValue: ";", multiValue: "," },
    adr: { defaultType: "text", structuredValue: ";", multiValue: "," },
    org: { defaultType: "text", structuredValue: ";" },
    gender: { defaultType: "text", structuredValue: ";" },
  },
};

function cardsIn(text: string): { cards: Line[][]; outside: string[] } {
  const cards: Line[][] = [];
  const open: Line[][] = [];
  const outside: string[] = [];
  let agent = false;
  for (const line of logicalLines(text)) {
    const name = nameOf(line);
    if (name === "begin" && /^\s*vcard\s*$/i.test(line.value)) {
      // A card inside a card is that of an agent; else the end of the one before was left out.
      if (!agent) open.length = 0;
      open.push([]);
      cards.push(open.at(-1) as Line[]);
    } else if (name === "end" && /^\s*vcard\s*$/i.test(line.value)) open.pop();
    else if (open.length > 0) open.at(-1)?.push(line);
    else outside.push(line.head + line.value);
    agent = name === "agent" && line.value.trim() === "";
  }
  return { cards, outside };
}

/** The lines of a text, unfolded and decoded. */
function logicalLines(text: string): Line[] {
  const raw = text.split(/\r\n|\n|\r/);
  const isOld = /^\s*VERSION\s*:\s*2\.1\s*$/im.test(text);
  const lines: Line[] = [];
  for (let at = 0; at < raw.length; at++) {
    let line = raw[at] as string;
    const head = HEAD.exec(line)?.[0];
    const encoding = head ? encodingOf(head, line) : undefined;
    if (encoding === "quoted-printable") {
      while (/=[ \t]*$/.test(line) && at + 1 < raw.length) {
        line = line.replace(/=[ \t]*$/, "") + (raw[++at] as string);
      }
    }
    while (at + 1 < raw.length && /^[ \t]/.test(raw[at + 1] as string)) {
      // 2.1 folds at a blank, which belongs to the text. Later versions fold anywhere, with a blank of their own.
      const next = raw[++at] as string;
      const isText = isOld && encoding === undefined && !/^(?:[\w-]+\.)?(?:email|url)\b/i.test(line);
      line += isText ? ` ${next.trimStart()}` : next.slice(1);
    }
    if (encoding === "base64" || encoding === "b") {
      while (/^[A-Za-z0-9+/]+={0,2}[ \t]*$/.test(raw[at + 1] ?? "")) line += (raw[++at] as string).trim();
    }
    if (line.trim() === "") continue;
    if (!head) lines.push({ head: "", value: line, unread: true });
    else lines.push(decoded({ head, value: line.slice(head.length) }));
  }
  return lines;
}

function encodingOf(head: string, line: string): string | undefined {
  const said = /;\s*(?:ENCODING\s*=\s*)?"?(quoted-printable|base64|b)"?\s*(?=[;:])/i.exec(head)?.[1];
  // Some phones name the character set and forget to say how its bytes are written.
  const isForgotten = /;\s*CHARSET\s*=/i.test(head) && /(?:=[0-9A-F]{2}){2}/.test(line);
  return said?.toLowerCase() ?? (isForgotten ? "quoted-printable" : undefined);
}

/** The line with its value in plain text, line breaks escaped. Pictures, sounds and keys stay encoded. */
function decoded(line: Line): Line {
  const encoding = encodingOf(line.head, line.value);
  if (!encoding) return line;
  const charset = /;\s*CHARSET\s*=\s*"?([\w.-]+)/i.exec(line.head)?.[1];
  if (encoding === "quoted-printable") {
    return { head: line.head, value: escapeBreaks(fromQuotedPrintable(line.value, charset)) };
  }
  if (BINARY.has(nameOf(line))) return line;
  try {
    const bytes = Uint8Array.from(atob(line.value.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
    return { head: line.head, value: escapeBreaks(decodeBytes(bytes, charset)) };
  } catch {
    return line;
  }
}

/** Bytes and letters can be mixed: in some character sets the second byte of a letter looks like a plain one. */
function fromQuotedPrintable(text: string, charset: string | undefined): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is one byte.
  return text.replace(/[\u0000-\u007f]*=[0-9a-f]{2}[\u0000-\u007f]*/gi, (run) => {
    const bytes = run.replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    return decodeBytes(
      Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
      charset,
    );
  });
}

const escapeBreaks = (text: string) => text.replace(/\r\n|\r|\n/g, "\\n");

const nameOf = (line: Line) => /^\s*(?:[\w-]+\.)?([\w-]+)/.exec(line.head)?.[1]?.toLowerCase() ?? "";

/** What a line says, or nothing where it cannot be read. */
function propertyOf(line: Line): Property | undefined {
  const [name = "", ...params] =
    line.head
      .trim()
      .slice(0, -1)
      .match(/(?:[^;"]|"[^"]*")+/g) ?? [];
  const named = params.map((param) => param.trim()).filter(Boolean);
  const kept = named
    .map((param) => (param.includes("=") ? param.replace(/\s*=\s*/, "=") : `TYPE=${param}`))
    .filter((param) => !/^(?:VALUE|ENCODING|CHARSET)=/i.test(param) && !ENCODINGS.test(param.slice(5)));
  try {
    const [read, found, , value] = ICAL.parse.property(
      `${[name.trim(), ...kept, "VALUE=text"].join(";")}:${line.value}`,
      DESIGN as never,
    ) as [string, Record<string, string | string[]>, string, string | (string | string[])[]];
    const { group, type, ...rest } = found;
    const parts = (Array.isArray(value) ? value : [value]).map((part) =>
      (Array.isArray(part) ? part.filter((each) => each.trim() !== "").join(", ") : part)
        .replaceAll("\\:", ":")
        .trim(),
    );
    return {
      name: read.trim(),
      group: typeof group === "string" ? group : undefined,
      types: [type ?? []].flat(2).flatMap((each) => each.toLowerCase().split(",")),
      params: rest,
      parts,
    };
  } catch {
    return undefined;
  }
}

const BINARY = new Set(["photo", "logo", "sound", "key"]);
/** Of the file and not of the person. */
const OF_THE_FILE = new Set([
  ...["version", "prodid", "rev", "profile", "calscale", "clientpidmap", "class", "mailer", "x-abshowas"],
  ...["x-abuid", "x-abadr", "x-imagetype", "x-imagehash", "x-sharedphotodisplaypref", "x-is-android"],
  ...["x-mozilla-html", "x-ms-ol-default-postal-address", "x-ms-ol-design", "x-evolution-blog-url-slot"],
]);
/** Says in other order what others say too. */
const AGAIN = new Set(["label", "sort-string", "x-evolution-file-as", "x-file-as"]);
const LABELS: Record<string, string> = {
  adr: "address",
  label: "address",
  bday: "birthday",
  deathdate: "died",
  lang: "language",
  tz: "time zone",
  geo: "place",
  uid: "number of the card",
  "sort-string": "sorted as",
  caluri: "calendar",
  fburl: "free and busy",
  caladruri: "calendar address",
  tel: "phone",
  email: "e-mail",
  url: "website",
  org: "organization",
  title: "role",
  n: "name",
  fn: "name",
};
const FILLS: Record<string, Field> = {
  fn: "name",
  nickname: "name",
  org: "organization",
  title: "role",
  role: "role",
  email: "email",
  tel: "phone",
  url: "website",
  impp: "handle",
  socialprofile: "handle",
  "x-socialprofile": "handle",
  note: "note",
};
const CHAT =
  /^(?:x-)?(?:evolution-|kaddressbook-)?(?:jabber|xmpp|aim|icq|msn|yahoo|skype|skype-username|google-talk|gtalk|gadugadu|groupwise|sip|qq|twitter|mastodon|matrix|telegram|github|gitlab|linkedin|facebook|instagram|irc|wechat|line|signal|whatsapp|threema|xing|bluesky)$/;
const BADGE = /badge|attendee|registration|delegate|ticket/;
/** Kinds of an address that say nothing which the page would show. */
const PLAIN_KINDS = new Set(["internet", "voice", "pref", "work", "home", "cell", "msg", "x400", "iphone"]);
const TOLD_KINDS =
  /^(?:work|home|cell|fax|pager|video|car|isdn|modem|bbs|text|textphone|main|other|dom|intl|postal|parcel)$/;

function foundInCard(lines: Line[]): Found[] {
  const properties: Property[] = [];
  const found: Found[] = [];
  for (const line of lines) {
    const property = line.unread ? undefined : propertyOf(line);
    if (property) properties.push(property);
    else found.push({ label: "", value: line.head + line.value });
  }
  const labels = new Map<string, string>();
  for (const { name, group, parts } of properties) {
    if (name === "x-ablabel" && group) labels.set(group, (parts[0] ?? "").replace(/^_\$!<(.*)>!\$_$/, "$1"));
  }
  const grouped = new Set(properties.filter(({ name }) => name !== "x-ablabel").map(({ group }) => group));
  for (const property of properties) {
    const label = property.group ? labels.get(property.group) : undefined;
    if (property.name !== "x-ablabel") found.push(...foundInProperty(property, label));
    else if (!property.group || !grouped.has(property.group))
      found.push({ label: "label", value: property.parts.join(" ") });
  }
  return named(properties, found);
}

/** The name: as it is written out, else made of its parts; and what the parts say beyond it. */
function named(properties: Property[], found: Found[]): Found[] {
  const names = properties
    .filter((property) => property.name === "n")
    .map(({ parts: [family = "", given = "", additional = "", prefix = "", suffix = "", ...more] }) =>
      [prefix, inOrder(family, given, additional), suffix, ...more].filter(Boolean).join(" "),
    )
    .filter(Boolean);
  const organizations = found.filter(({ field }) => field === "organization").map(({ value }) => value);
  // A company's card has its name twice.
  const isCompany = (each: Found) =>
    names.length === 0 && each.field === "name" && organizations.includes(each.value);
  return [
    ...found.filter((each) => !isCompany(each)),
    ...names.map((value) => ({ field: "name" as const, label: "name", value, rank: 5, again: true })),
  ];
}

function foundInProperty(property: Property, label: string | undefined): Found[] {
  const { name, types, params } = property;
  // The address as it is to be printed can be a parameter of it.
  const parts = [...property.parts, ...(name === "adr" ? [params.label ?? []].flat() : [])].filter(Boolean);
  const text = parts.join(", ");
  if (text === "" || OF_THE_FILE.has(name) || name === "n") return [];
  if (BINARY.has(name) && !/^(?:https?|ftp):/i.test(text)) return [];
  if (name === "uid" && /^(?:urn:uuid:)?[0-9a-f-]{30,45}$/i.test(text)) return [];

  const unknownKinds = types.filter((kind) => kind && !PLAIN_KINDS.has(kind) && !TOLD_KINDS.test(kind));
  const kinds = [...types.filter((kind) => TOLD_KINDS.test(kind)), ...unknownKinds];
  const what = LABELS[name] ?? name.replace(/^x-/, "").replaceAll("-", " ");
  const aside = [label, ...unknownKinds].filter(Boolean).join(", ") || undefined;
  const words = [label, ...kinds].filter(Boolean).join(", ");
  const described = words ? `${what} (${words})` : what;
  const field = FILLS[name] ?? (CHAT.test(name) ? "handle" : BADGE.test(name) ? "badge" : undefined);
  const rank = preference(property);

  switch (field) {
    case undefined:
      return [{ label: described, value: text, again: AGAIN.has(name) }];
    case "note":
      return [{ field, label: "", value: text }];
    case "email":
      return addressesIn(text).map((value) => ({ field, label: described, value, rank, aside }));
    case "phone":
      return [
        /\d/.test(text)
          ? { field, label: described, value: phoneOf(text), rank, aside }
          : { label: described, value: text },
      ];
    case "handle":
      return [{ field, label: described, value: handleOf(property, text), rank }];
    case "name":
      return [
        {
          field,
          label: described,
          value: text,
          rank: rank + (name === "nickname" ? 2000 : 0) - 1000,
          again: true,
        },
      ];
    case "role":
      return [
        {
          field,
          label: name === "role" ? "role" : described,
          value: text,
          rank: rank + (name === "role" ? 2000 : 0),
        },
      ];
    default:
      return [{ field, label: described, value: text, rank, aside }];
  }
}

/** The lower, the better: what is preferred, then work, then a mobile phone; a fax last of all. */
function preference({ types, params }: Property): number {
  const pref = Number(params.pref);
  const isFax = types.some((kind) => /fax|pager|modem|bbs|video/.test(kind));
  const of = types.includes("work")
    ? 0
    : types.some((kind) => /cell|iphone/.test(kind))
      ? 1
      : types.includes("home")
        ? 3
        : 2;
  const preferred = types.includes("pref")
    ? 0
    : Number.isFinite(pref) && pref > 0
      ? Math.min(pref, 100)
      : 200;
  return (isFax ? 1000 : 0) + preferred * 4 + of;
}

/** The parts of a name as they are said: given name first, but not in Chinese, Japanese and Korean. */
export function inOrder(family: string, given: string, additional = ""): string {
  const isEastern = /^[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\s]+$/u.test(family + given);
  const parts = isEastern ? [family, given, additional] : [given, additional, family];
  return parts.filter(Boolean).join(" ");
}

/** A mail address, as it is written in cards: after `mailto:`, in angle brackets, several in one line. */
export function addressesIn(text: string): string[] {
  const bare = text.replace(/^mailto:/i, "").trim();
  const inBrackets = /^(.*)<([^<>\s]+@[^<>\s]+)>$/s.exec(bare);
  if (inBrackets) {
    const before = oneLine(inBrackets[1] as string).replace(/^"|"$/g, "");
    return [inBrackets[2] as string, ...(before ? [before] : [])];
  }
  const several = bare.split(/[\s,;]+/).filter(Boolean);
  return several.length > 1 && several.every((each) => each.includes("@")) ? several : [bare];
}

/** A number to be called: `tel:+1-201-555-0123;ext=102` is "+1-201-555-0123 ext 102". */
export function phoneOf(text: string): string {
  const bare = /^tel:/i.test(text.trim()) ? percentDecoded(text.trim().slice(4)) : text;
  return bare
    .replace(/;ext=/i, " ext ")
    .replace(/;phone-context=/i, " ")
    .trim();
}

function handleOf({ name, types, params }: Property, text: string): string {
  const service = [params["x-service-type"] ?? params["service-type"] ?? []].flat()[0];
  const said = service ?? types.find((kind) => kind && !PLAIN_KINDS.has(kind) && !TOLD_KINDS.test(kind));
  const bare = text.replace(/^x-apple:/i, "");
  const of = CHAT.test(name) ? name.replace(/^x-/, "").replace(/-username$/, "") : said;
  const isAddress = /^[a-z][a-z0-9+.-]*:/i.test(bare);
  return of && !isAddress ? `${bare} (${of})` : bare;
}

export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
