import { tidy } from "../../text";
import { EMAIL } from "../../visits/form";
import { decodeBytes, namedIn } from "./charset";
import { also, compose, type Found, readable, type Scanned, withLines } from "./contact";
import { foundInShortCard, isShortCard } from "./mecard";
import { addressesIn, foundInCards, percentDecoded, phoneOf } from "./vcard";

/**
 * What a code says, as details of a contact. Reads vCards (2.1, 3.0, 4.0), MECARD and BIZCARD, mail addresses and
 * `mailto:`, numbers and `tel:`, and web addresses; any other code is the badge's. What has no field of its own is in
 * the contact's note, and what does not fit there in `rest`: nothing that the code says in words is lost.
 * Takes the text of the code, or its bytes. Throws nothing.
 */
export function parseCode(code: string | Uint8Array): Scanned {
  const text = tidy(
    (typeof code === "string" ? code : decodeBytes(code, namedIn(code))).replace(/^\uFEFF/, ""),
  );
  if (text === "") return { contact: {} };
  const scanned = compose(foundIn(text));
  // Whatever else a code gets wrong, a mail address in it is somebody who can be reached.
  const told = readable(scanned);
  const spaced = text.replace(/\\[nrt]/gi, " ");
  const lost = [...new Set([...addressesOf(unfolded(spaced)), ...addressesOf(spaced)])].filter(
    (address) => !told.includes(address) && !told.includes(percentDecoded(address)),
  );
  if (lost.length === 0) return scanned;
  const { contact, rest } = withLines(
    scanned.contact,
    lost.map((value) => also({ label: "e-mail", value })),
  );
  const rests = [scanned.rest, rest].filter(Boolean).join("\n");
  return { contact, ...(rests && { rest: rests }) };
}

/** Mail addresses that stand anywhere in a text, each once. */
function addressesOf(text: string): string[] {
  const found = text.match(
    /[\p{L}\p{N}][\p{L}\p{N}.!#$%&'*+/?^_`{}~-]*@[\p{L}\p{N}][\p{L}\p{N}.-]*\.[\p{L}\p{N}-]+/gu,
  );
  return [...new Set(found ?? [])];
}

/** Without folds, which tear an address apart. Where no fold was meant, they make one of two: both are looked through. */
const unfolded = (text: string) => text.replace(/\r?\n[ \t]/g, "");

function foundIn(text: string): Found[] {
  if (/BEGIN\s*:\s*VCARD/i.test(text)) return foundInCards(withLineBreaks(text));
  if (isShortCard(text)) return foundInShortCard(text);
  const [, scheme = "", after = ""] = /^\s*([a-z]+):([\s\S]*)$/i.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case "mailto":
      return foundInMail(after);
    case "matmsg":
      return foundInMessage(after);
    case "smtp": {
      const [to = "", subject = "", ...body] = after.split(":");
      return [
        ...mails(to),
        { label: "subject", value: subject },
        { label: "message", value: body.join(":") },
      ];
    }
    case "tel":
      return [phone(phoneOf(text))];
    case "sms":
    case "smsto": {
      const [, number = "", message = ""] = /^([^:?]*)[:?]?([\s\S]*)$/.exec(after) ?? [];
      return [phone(number), { label: "message", value: percentDecoded(message.replace(/^body=/i, "")) }];
    }
    case "http":
    case "https":
      return foundAtAddress(text);
    case "url":
    case "urlto":
      return foundAtAddress(after);
  }
  if (/^www\.[^\s.]+\.\S+$/i.test(text)) return foundAtAddress(text);
  const [address = "", ...others] = addressesIn(text);
  if (EMAIL.test(address)) {
    return [...mails(address), ...others.map((value) => (EMAIL.test(value) ? mail(value) : nameOf(value)))];
  }
  return foundInBadge(text);
}

/** A web address, and words that may stand after it. */
function foundAtAddress(text: string): Found[] {
  const [, address = "", words = ""] = /^\s*(\S*)([\s\S]*)$/.exec(text) ?? [];
  return [
    { field: "website", label: "website", value: address },
    { label: "", value: words },
  ];
}

/** Any other code. A single mail address in it is worth a field of its own, the code stays whole. */
function foundInBadge(text: string): Found[] {
  const addresses = addressesOf(text);
  return [
    { field: "badge", label: "code", value: text },
    ...(addresses.length === 1 ? [mail(addresses[0] as string)] : []),
  ];
}

/** `mailto:ada@example.org?subject=Hello`: https://www.rfc-editor.org/rfc/rfc6068 */
function foundInMail(after: string): Found[] {
  const [to = "", ...query] = after.split("?");
  const found = mails(percentDecoded(to));
  for (const part of query.join("?").split("&")) {
    const [name = "", ...value] = part.split("=");
    const words = percentDecoded(value.join("="));
    if (/^(?:to|cc|bcc)$/i.test(name)) found.push(...mails(words));
    else
      found.push({ label: name.toLowerCase() === "body" ? "message" : percentDecoded(name), value: words });
  }
  return found;
}

/** `MATMSG:TO:ada@example.org;SUB:Hello;BODY:…;;` */
function foundInMessage(after: string): Found[] {
  const names: Record<string, string> = { SUB: "subject", BODY: "message" };
  return after.split(/(?<!\\);/).flatMap((piece) => {
    const [, name = "", value = piece] = /^\s*(TO|SUB|BODY)\s*:([\s\S]*)$/i.exec(piece) ?? [];
    const words = value.replace(/\\([\\;:,])/g, "$1");
    return name.toUpperCase() === "TO"
      ? mails(words)
      : [{ label: names[name.toUpperCase()] ?? "", value: words }];
  });
}

/** Some programs that make badges write `\n` where a line should end, or words before the card. */
function withLineBreaks(text: string): string {
  const broken = /[\r\n]/.test(text) ? text : text.replace(/\\r\\n|\\n/g, "\n");
  return /^\s*BEGIN\s*:/im.test(broken) ? broken : broken.replace(/BEGIN\s*:\s*VCARD/i, "\n$&");
}

const mail = (value: string): Found => ({ field: "email", label: "e-mail", value });
const mails = (text: string) =>
  addressesIn(text).map((value) => (EMAIL.test(value) || value.includes("@") ? mail(value) : nameOf(value)));
const phone = (value: string): Found => ({ field: "phone", label: "phone", value });
const nameOf = (value: string): Found => ({ field: "name", label: "name", value });
