import type { SentVisit } from "../visits/form";
import { say } from "./words";

export interface Difference {
  name: string;
  mine: string;
  theirs: string;
}

/** What people read for an entry of one of the event's lists. */
type NameOf = (list: string, slug: string) => string;

/** Where two versions of a visit differ, in the words of the form. */
export function differences(mine: SentVisit, theirs: SentVisit, nameOf: NameOf): Difference[] {
  const other = inWords(theirs, nameOf);
  return inWords(mine, nameOf)
    .map(([name, words], index) => ({ name, mine: words, theirs: other[index]?.[1] ?? "" }))
    .filter((row) => row.mine !== row.theirs);
}

function inWords(visit: SentVisit, nameOf: NameOf): [name: string, words: string][] {
  const names = (list: string, slugs: string[] | null | undefined) =>
    [...(slugs ?? [])].sort().map((slug) => nameOf(list, slug));
  const contact = visit.contact ?? {};
  return [
    [say("capture.it-was"), say(`category.${visit.category}`)],
    [say("visit.project"), visit.project ? nameOf("project", visit.project) : ""],
    [say("visit.people"), String(visit.people ?? 1)],
    [say("visit.coming-from"), visit.platform ? nameOf("platform", visit.platform) : ""],
    [say("visit.interest"), visit.interest ? say(`visit.interest-${visit.interest as 1 | 2 | 3}`) : ""],
    [say("visit.overview-given"), visit.overviewGiven ? "✓" : ""],
    [say("visit.talked-about"), names("topics", visit.topics).join(", ")],
    [say("visit.heard-again"), names("remarks", visit.remarks).join(", ")],
    [say("visit.took-away"), names("giveaways", visit.giveaways).join(", ")],
    [
      say("visit.questions"),
      (visit.questions ?? [])
        .map(({ text, topic }) => (topic ? `${text} (${nameOf("topics", topic)})` : text))
        .join("\n"),
    ],
    [say("visit.note"), visit.note ?? ""],
    ...CONTACT.map((field): [string, string] => [say(`visit.contact-${field}`), contact[field] ?? ""]),
    [say("visit.contact-note"), contact.note ?? ""],
    [
      say("visit.consent"),
      (contact.consent ?? [])
        .map((purpose) => say(`visit.consent-${purpose}`))
        .sort()
        .join(", "),
    ],
  ];
}

const CONTACT = ["name", "organization", "role", "email", "phone", "handle", "website", "badge"] as const;

/** A row of the table in which two versions stand side by side: the laptop's first. */
export function differenceRow({ name, mine, theirs }: Difference): HTMLTableRowElement {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head);
  for (const words of [theirs, mine]) row.insertCell().textContent = words || "–";
  return row;
}
