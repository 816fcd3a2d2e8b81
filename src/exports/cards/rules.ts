import ICAL from "ical.js";
import { textForIcal } from "../calendar/rules";
import type { Format } from "../formats/rules";
import type { Contact, Context } from "../rules";

/**
 * Cards for an address book (vCard 4.0, RFC 6350), one a visitor. What they agreed to is in CATEGORIES: address books make
 * groups of these, and so a list for the newsletter is at hand. What has no place of its own in a card is in its note.
 */
export function cards({ event }: Context): Format<Contact> {
  return {
    start: "",
    rows: (rows) => rows.map((row) => `${card(row, event.name)}\r\n`).join(""),
    end: "",
  };
}

/** A visitor as a card. Takes what the card has of them, and the name of the event. */
export function card(
  {
    visitId,
    contact,
    consent,
    agreedAt,
    questions,
  }: Pick<Contact, "visitId" | "contact" | "consent" | "agreedAt" | "questions">,
  event: string,
): ICAL.Component {
  const entry = new ICAL.Component("vcard");
  const add = (name: string, value: string | null | undefined) => {
    if (value) entry.addPropertyWithValue(name, textForIcal(value));
  };
  const { name, organization, email, handle } = contact;
  const notes = [
    contact.note,
    contact.badge && `On the badge: ${contact.badge}`,
    !isWebAddress(contact.website) && contact.website && `On the web: ${contact.website}`,
    ...questions.map((question) => `They asked: ${question}`),
  ];
  add("version", "4.0");
  add("prodid", "-//Boothlight//Boothlight//EN");
  add("uid", `urn:uuid:${visitId}`);
  add("rev", new Date(agreedAt).toISOString().replace(/[-:]|\.\d+/g, ""));
  // The one thing that a card must have.
  add("fn", name || organization || email || handle || "A visitor");
  add("nickname", handle);
  if (organization) {
    // One name, and not a name with its departments, whatever semicolons are in it.
    const property = new ICAL.Property("org", entry);
    property.setValue([textForIcal(organization)] as unknown as string);
    entry.addProperty(property);
  }
  add("title", contact.role);
  add("email", email);
  add("tel", contact.phone);
  if (isWebAddress(contact.website)) add("url", contact.website);
  const categories = new ICAL.Property("categories", entry);
  categories.setValues([event, ...consent.map((purpose) => `Agreed to: ${purpose}`)].map(textForIcal));
  entry.addProperty(categories);
  add("note", notes.filter(Boolean).join("\n"));
  return entry;
}

/** What a card can hold as an address: a URI has no blank and no line break. */
function isWebAddress(text: string | null): boolean {
  return text !== null && /^https?:\/\/[\x21-\x7E]+$/i.test(text) && URL.canParse(text);
}
