import { createHash } from "node:crypto";
import type { Lists } from "../catalog/store";
import type { Instant } from "../database/tables";
import type { FieldProblem } from "../errors";
import type { Status, VisitRecord } from "./form";

/** Less than this is the time a request takes to arrive, not a wrong clock. */
const CLOCK_TOLERANCE = 60_000;

/** Milliseconds to add to what a device's clock said; 0 where it was right, or did not say. */
export function clockOffset(sentAt: Instant | undefined, receivedAt: Instant): number {
  if (sentAt === undefined) return 0;
  const offset = receivedAt - sentAt;
  return Math.abs(offset) < CLOCK_TOLERANCE ? 0 : offset;
}

/** SHA-256 of what a visit says, hex: the same words give the same hash, however they were sent. */
export function contentHash(visit: VisitRecord): string {
  const { revision, ...content } = visit;
  return createHash("sha256").update(inOrder(content)).digest("hex");
}

function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** What the database knows of a visit's id. */
export interface Kept {
  revision: number;
  hash: string;
  /** The hash of the incoming revision, where a newer one has replaced it. */
  earlierHash?: string;
  deleted: boolean;
}

/**
 * What becomes of an incoming record. A revision that is older than the kept one and was never seen
 * is an overtaken step of the same edits, so it counts as replayed.
 */
export function decide(
  incoming: { revision: number; hash: string },
  kept: Kept | undefined,
  gone: boolean,
): Exclude<Status, "invalid"> {
  if (gone) return "gone";
  if (!kept) return "recorded";
  if (kept.deleted) return "gone";
  if (incoming.revision > kept.revision) return "updated";
  const known = incoming.revision === kept.revision ? kept.hash : kept.earlierHash;
  return known === undefined || known === incoming.hash ? "replayed" : "conflict";
}

/** A visit's words for the lists, as rows of the database. `platform` is a name that the list does not have yet. */
export interface Resolved {
  boothId: string | null;
  projectId: string | null;
  platformId: string | null;
  newPlatform?: string;
  topicIds: string[];
  remarkIds: string[];
  giveawayIds: string[];
  /** The topic of each question, in their order. */
  questionTopicIds: (string | null)[];
}

/**
 * Looks a visit's words up in the event's lists, by slug. A platform is found by its name as well, and one
 * that is not in the list is new: staff write down what visitors use, not what somebody foresaw.
 */
export function resolve(visit: VisitRecord, lists: Lists): { resolved: Resolved; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const find = (list: keyof Lists, slug: string, field: string): string => {
    const entry = lists[list].find((each) => each.slug === slug);
    if (!entry) problems.push({ field, message: `“${slug}” is not in this event's list of ${list}.` });
    return entry?.id ?? "";
  };
  const findAll = (list: "topics" | "remarks" | "giveaways") =>
    visit[list].map((slug) => find(list, slug, list));
  const platform =
    visit.platform === undefined
      ? undefined
      : (lists.platforms.find((each) => each.slug === visit.platform) ??
        lists.platforms.find((each) => fold(each.name) === fold(visit.platform as string)));
  const resolved: Resolved = {
    boothId: visit.booth ? find("booths", visit.booth, "booth") : null,
    projectId: visit.project ? find("projects", visit.project, "project") : null,
    platformId: platform?.id ?? null,
    newPlatform: platform ? undefined : visit.platform,
    topicIds: findAll("topics"),
    remarkIds: findAll("remarks"),
    giveawayIds: findAll("giveaways"),
    questionTopicIds: visit.questions.map((question, index) =>
      question.topic ? find("topics", question.topic, `questions.${index}.topic`) : null,
    ),
  };
  return { resolved, problems };
}

/** Lower case and without accents, so that "zajac" finds "Zając". */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ł", "l")
    .replaceAll("ø", "o")
    .replaceAll("ß", "ss")
    .replaceAll("đ", "d")
    .replaceAll("ı", "i");
}

/** The words of a visit that a search goes through, folded. Empty where there are none. */
export function searchText(visit: VisitRecord): string {
  const { consent, ...contact } = visit.contact ?? { consent: [] };
  const parts = [visit.note, ...Object.values(contact), ...visit.questions.map((question) => question.text)];
  return fold(parts.filter((part) => part !== undefined).join("\n"));
}

/** The words of a search, each of which must occur; folded, at most eight. */
export function searchWords(typed: string): string[] {
  return fold(typed).split(/\s+/).filter(Boolean).slice(0, 8);
}

/** The id of a question that came without one: the same words of the same visit always get the same. */
export function questionId(visitId: string, text: string): string {
  const hash = createHash("sha256").update(`${visitId}\n${text}`).digest("hex");
  // RFC 9562, version 8: bits of the program's own choice.
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
