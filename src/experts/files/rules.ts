import { createHash } from "node:crypto";
import type { Cell } from "../../sheets";
import type { ExpertFields } from "../form";
import { type Difference, differences } from "../rules";

/** An expert as a file has them. */
export interface FiledExpert extends ExpertFields {
  slug: string;
}

/** A column of the file, declared once: the export writes these, the import reads them. */
export interface Column {
  /** Another name that the import takes for it, and the documentation's. */
  key: "slug" | keyof ExpertFields;
  /** At the top of the column. */
  heading: string;
  /** What it holds, in one line. */
  meaning: string;
  get(expert: FiledExpert): Cell;
}

/** What parts several values in a cell. */
const joined = (list: string[]) => list.join("; ") || null;

export const COLUMNS: Column[] = [
  {
    key: "name",
    heading: "Name",
    meaning: "the name; the only column that a file needs",
    get: (expert) => expert.name,
  },
  {
    key: "kind",
    heading: "Kind",
    meaning: "person, mailing-list, forum or chat; empty: person",
    get: (expert) => expert.kind,
  },
  {
    key: "address",
    heading: "Address",
    meaning: "mail address of a person or a mailing list, web address of a forum or a chat",
    get: (expert) => expert.address || null,
  },
  {
    key: "reachedBy",
    heading: "Reached by",
    meaning: "mail, webhook or hand; empty: by mail where there is a mail address",
    get: (expert) => expert.reachedBy,
  },
  {
    key: "webhook",
    heading: "Webhook",
    meaning:
      "address that the chat takes messages at: a secret, so it is in the file only where you ask for it",
    get: (expert) => expert.webhook || null,
  },
  {
    key: "topics",
    heading: "Topics",
    meaning: "short names or names, parted by semicolons, what they would rather answer on first",
    get: (expert) => joined(expert.topics),
  },
  {
    key: "projects",
    heading: "Projects",
    meaning: "short names or names, parted by semicolons; empty: all",
    get: (expert) => joined(expert.projects),
  },
  {
    key: "languages",
    heading: "Languages",
    meaning: "codes such as de, or names, parted by semicolons; empty: whatever is asked",
    get: (expert) => joined(expert.languages),
  },
  {
    key: "timeZone",
    heading: "Time zone",
    meaning: "IANA name, such as Europe/Brussels; empty: that of the laptop",
    get: (expert) => expert.timeZone,
  },
  {
    key: "weekly",
    heading: "Questions a week",
    meaning: "how many they can carry; empty: as many as come",
    get: (expert) => expert.weekly,
  },
  {
    key: "awayFrom",
    heading: "Away from",
    meaning: "first day away, as 2026-05-03; empty: away until the last day, if there is one",
    get: (expert) => expert.awayFrom,
  },
  {
    key: "awayUntil",
    heading: "Away until",
    meaning: "last day away; empty: nobody knows yet",
    get: (expert) => expert.awayUntil,
  },
  {
    key: "hidden",
    heading: "Offered",
    meaning: "yes, or no for who is no longer given questions; empty: yes",
    get: (expert) => (expert.hidden ? "no" : "yes"),
  },
  {
    key: "slug",
    heading: "Short name",
    meaning: "by which an expert is found again; empty: found by the name, or made from it",
    get: (expert) => expert.slug,
  },
];

/** The columns of a file, with the webhooks' addresses or without. */
export function columnsToWrite(withWebhooks: boolean): Column[] {
  return COLUMNS.filter(({ key }) => withWebhooks || key !== "webhook");
}

/** A line of a file: what it says of an expert, or every problem with it. */
export type ReadLine =
  | {
      line: number;
      name: string;
      ok: true;
      fields: ExpertFields;
      slug: string | undefined;
      match: Match | undefined;
    }
  | { line: number; name: string; ok: false; problems: LineProblem[] };

export interface LineProblem {
  /** The heading of its column; empty where it is about the line. */
  column: string;
  message: string;
}

/** Who is there already, as an import compares with. */
export interface Match extends FiledExpert {
  id: string;
  revision: number;
}

/** What an import would do, line by line. */
export interface Plan {
  added: { line: number; slug: string | undefined; fields: ExpertFields }[];
  changed: { line: number; match: Match; fields: ExpertFields; differences: Difference[] }[];
  unchanged: { line: number; name: string }[];
  bad: { line: number; name: string; problems: LineProblem[] }[];
}

/** What the lines of a file would do. Each expert is in one line: a second one is a problem. */
export function planOf(lines: ReadLine[]): Plan {
  const plan: Plan = { added: [], changed: [], unchanged: [], bad: [] };
  const seen = new Map<string, number>();
  for (const each of lines) {
    const { line, name } = each;
    if (!each.ok) {
      plan.bad.push({ line, name, problems: each.problems });
      continue;
    }
    const { fields, slug, match } = each;
    const key = match ? `is ${match.id}` : slug ? `slug ${slug}` : `name ${foldedName(fields.name)}`;
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      const message = `This is the expert of line ${earlier} again. One line each.`;
      plan.bad.push({ line, name, problems: [{ column: "", message }] });
      continue;
    }
    seen.set(key, line);
    if (!match) {
      plan.added.push({ line, slug, fields });
      continue;
    }
    const changes = differences(match, fields);
    if (changes.length === 0) plan.unchanged.push({ line, name });
    else plan.changed.push({ line, match, fields, differences: changes });
  }
  return plan;
}

/** A name as it is looked for: two that differ in capitals or blanks alone are the same. */
export function foldedName(name: string): string {
  return name.normalize("NFC").replace(/\s+/g, " ").trim().toLowerCase();
}

/** What tells one plan from another, so that nothing else is done than what was shown. */
export function sealOf({ added, changed }: Plan): string {
  const doing = [
    added.map(({ slug, fields }) => [slug, fields]),
    changed.map(({ match, fields }) => [match.id, match.revision, fields]),
  ];
  return createHash("sha256").update(JSON.stringify(doing)).digest("base64url");
}
