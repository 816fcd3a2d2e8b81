import { keywordsOf, type Lists } from "../../catalog/store";
import type { ActivityTable, Instant, WriteUpsTable } from "../../database/tables";
import type { Event, JournalEntry } from "../../events/store";
import type { Expert } from "../../experts/store";
import type { ErasedVisitor } from "../../privacy/erasure/store";
import type { Controller } from "../../privacy/notice/store";
import { PURPOSES } from "../../visits/form";
import type { Consent, FullVisit } from "../../visits/store";
import { FORMAT, VERSION } from "../form";

/** A step of the trail as the database has it. */
export type Trace = Pick<ActivityTable, "at" | "actor" | "step" | "expert_id" | "note"> & {
  actor_kind: string;
};

/** The code of a question's slip. */
export interface Slip {
  code: string;
  made_at: Instant;
  language: string | null;
}

/** A question that a visitor asked by themselves, and that waits for a look. */
export interface Asked {
  id: string;
  code: string;
  text: string;
  topic_id: string | null;
  /** As JSON. */
  contact: string | null;
  language: string;
  asked_at: Instant;
  /** The codes of its visitor's own page. */
  ownCodes: string[];
}

/** What an event file has before its visits. */
export interface SetUp {
  event: Event;
  controller: Controller | undefined;
  lists: Lists;
  experts: Expert[];
  journal: JournalEntry[];
  writeUp: Omit<WriteUpsTable, "event_id" | "version"> | undefined;
  asked: Asked[];
  /** How long contact details are kept, where somebody said so. */
  retention: { days: number; until: string | null; reason: string } | undefined;
}

/** A visit with all that goes into a file. `heads`: questions that others in the file are asked together with. */
export interface WrittenVisit {
  visit: FullVisit;
  /** The codes of its visitor's own page. */
  ownCodes: string[];
  trail: Trace[];
  trails: Map<string, Trace[]>;
  slips: Map<string, Slip[]>;
  heads: Set<string>;
  /** That its visitor was erased. */
  erased?: ErasedVisitor;
}

/** Before the visits: the set-up, a record a line. */
export function startOfFile({
  event,
  controller,
  lists,
  experts,
  journal,
  writeUp,
  asked,
  retention,
}: SetUp): string {
  const topicSlug = new Map(lists.topics.map((topic) => [topic.id, topic.slug]));
  const entry = (each: { slug: string; name: string; hidden: number }) => ({
    slug: each.slug,
    name: each.name,
  });
  const hidden = (each: { hidden: number }) => ({ hidden: yes(each.hidden) });
  const fields: [string, unknown][] = [
    ["format", FORMAT],
    ["version", VERSION],
    [
      "event",
      {
        slug: event.slug,
        name: event.name,
        venue: event.venue || undefined,
        timeZone: event.time_zone,
        startsOn: event.starts_on,
        endsOn: event.ends_on,
        routesItself: yes(event.routes_itself),
        contactsDays: retention?.days,
        contactsUntil: retention?.until ?? undefined,
        contactsReason: retention?.reason || undefined,
        responsible: controller && {
          name: controller.name,
          reach: controller.reach,
          link: controller.link || undefined,
        },
      },
    ],
    ["booths", lists.booths.map((each) => ({ ...entry(each), ...hidden(each) }))],
    ["projects", lists.projects.map((each) => ({ ...entry(each), ...hidden(each) }))],
    [
      "topics",
      lists.topics.map((each) => ({ ...entry(each), keywords: some(keywordsOf(each)), ...hidden(each) })),
    ],
    ["platforms", lists.platforms.map((each) => ({ ...entry(each), ...hidden(each) }))],
    ["remarks", lists.remarks.map((each) => ({ slug: each.slug, text: each.name, ...hidden(each) }))],
    [
      "giveaways",
      lists.giveaways.map((each) => ({
        ...entry(each),
        shipped: each.shipped ?? undefined,
        arrived: each.arrived ?? undefined,
        ranOutAt: iso(each.ran_out_at),
        ...hidden(each),
      })),
    ],
    ["experts", [...experts].sort(bySlug).map(expertInFile)],
    ["journal", [...journal].sort(byTime).map(({ at, text }) => ({ at: iso(at), text }))],
    ["writeUp", writeUp && writeUpInFile(writeUp)],
    ["asked", asked.map((each) => askedInFile(each, topicSlug))],
  ];
  const lines = fields.flatMap(([field, value]) => {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    return `${JSON.stringify(field)}: ${Array.isArray(value) ? listOf(value) : JSON.stringify(value)}`;
  });
  return `{\n${lines.join(",\n")}`;
}

/** What stands before the first visit, between two of them, and after the last. */
export const BEFORE_VISITS = ',\n"visits": [\n';
export const BETWEEN_VISITS = ",\n";
export const AFTER_VISITS = "\n]";
/** After everything. */
export const END_OF_FILE = "\n}\n";

function listOf(records: unknown[]): string {
  return `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]`;
}

/** A webhook's address is a secret, and so is a private link: neither leaves the laptop by this file. */
function expertInFile(expert: Expert) {
  return {
    slug: expert.slug,
    name: expert.name,
    kind: expert.kind,
    address: expert.address || undefined,
    topics: some(expert.topics),
    projects: some(expert.projects),
    languages: some(expert.languages),
    timeZone: expert.time_zone,
    weekly: expert.weekly ?? undefined,
    awayFrom: expert.away_from ?? undefined,
    awayUntil: expert.away_until ?? undefined,
    reachedBy: expert.reached_by,
    hidden: yes(expert.hidden),
  };
}

function writeUpInFile(writeUp: NonNullable<SetUp["writeUp"]>) {
  return {
    front: JSON.parse(writeUp.front),
    text: writeUp.text,
    changedAt: iso(writeUp.changed_at),
    publishedAt: iso(writeUp.published_at),
    published: writeUp.published === null ? undefined : JSON.parse(writeUp.published),
  };
}

function askedInFile(asked: Asked, topicSlug: Map<string, string>) {
  const left = asked.contact === null ? {} : JSON.parse(asked.contact);
  const agreed = PURPOSES.filter((purpose) => left.consent?.includes(purpose));
  const later = agreed.filter((purpose) => {
    const at = left.consentShown?.[purpose]?.at;
    return at && at !== iso(asked.asked_at);
  });
  return {
    id: asked.id,
    code: asked.code,
    text: asked.text,
    topic: asked.topic_id ? topicSlug.get(asked.topic_id) : undefined,
    name: left.name,
    email: left.email,
    consent: some(agreed),
    // When they asked, where nothing else is said.
    consentAt:
      later.length > 0
        ? Object.fromEntries(later.map((purpose) => [purpose, left.consentShown[purpose].at]))
        : undefined,
    consentShown: shownInFile(
      agreed.map((purpose) => {
        const { words = null, language = null, by = null } = left.consentShown?.[purpose] ?? {};
        return { purpose, words, language, given_by: by };
      }),
    ),
    ownCodes: some(asked.ownCodes),
    language: asked.language,
    askedAt: iso(asked.asked_at),
  };
}

/** Writes visits, a line each. `lists` and `experts` are those of the file's set-up. */
export function visitWriter(lists: Lists, experts: Expert[]): (written: WrittenVisit) => string {
  const slugsById = (entries: { id: string; slug: string }[]) =>
    new Map(entries.map(({ id, slug }) => [id, slug]));
  const slugs = {
    booths: slugsById(lists.booths),
    projects: slugsById(lists.projects),
    topics: slugsById(lists.topics),
    platforms: slugsById(lists.platforms),
    remarks: slugsById(lists.remarks),
    giveaways: slugsById(lists.giveaways),
  };
  const expertSlug = slugsById(experts);
  const one = (list: keyof Lists, id: string | null) => (id === null ? undefined : slugs[list].get(id));
  const all = (list: keyof Lists, ids: string[]) =>
    ids.length === 0 ? undefined : ids.map((id) => slugs[list].get(id)).sort();

  const traceInFile = (trace: Trace) => ({
    at: iso(trace.at),
    step: trace.step,
    by: trace.actor,
    as: trace.actor_kind,
    expert: trace.expert_id === null ? undefined : expertSlug.get(trace.expert_id),
    note: trace.note ?? undefined,
  });

  const questionInFile = (question: FullVisit["questions"][number], written: WrittenVisit) => {
    const { id, merged_into, state } = question;
    const isMember = merged_into !== null && written.heads.has(merged_into);
    // The question that it is asked together with says where both stand.
    const standing = isMember
      ? {}
      : {
          state: state === "open" ? undefined : state,
          expert: question.expert_id === null ? undefined : expertSlug.get(question.expert_id),
          answer: question.answer ?? undefined,
          priority: question.priority === "normal" ? undefined : question.priority,
          cameBack: question.rank === 0 ? true : undefined,
          dueAt: state === "routed" ? iso(question.due_at) : undefined,
          claimedAt: state === "routed" ? iso(question.claimed_at) : undefined,
          answeredAt: iso(question.answered_at),
        };
    return {
      id,
      text: question.text,
      topic: one("topics", question.topic_id),
      askedAt: question.asked_at === written.visit.happened_at ? undefined : iso(question.asked_at),
      ...standing,
      routedAt: iso(question.routed_at),
      askedWith: isMember ? merged_into : undefined,
      slips: some(
        (written.slips.get(id) ?? []).map(({ code, made_at, language }) => ({
          code,
          madeAt: iso(made_at),
          language: language ?? undefined,
        })),
      ),
      trail: some((written.trails.get(id) ?? []).map(traceInFile)),
    };
  };

  return (written) => {
    const { visit, trail, erased } = written;
    const questions = [...visit.questions].sort(byPlace);
    return JSON.stringify({
      id: visit.id,
      revision: visit.revision,
      category: visit.category,
      happenedAt: iso(visit.happened_at),
      saidAt: visit.said_at === visit.happened_at ? undefined : iso(visit.said_at),
      staff: visit.staff_name ?? undefined,
      booth: one("booths", visit.booth_id),
      project: one("projects", visit.project_id),
      people: visit.people === 1 ? undefined : visit.people,
      platform: one("platforms", visit.platform_id),
      interest: visit.interest ?? undefined,
      overviewGiven: visit.overview_given === null ? undefined : visit.overview_given === 1,
      topics: all("topics", visit.topicIds),
      remarks: all("remarks", visit.remarkIds),
      giveaways: all("giveaways", visit.giveawayIds),
      note: visit.note ?? undefined,
      contact: visit.contact && contactInFile(visit.contact, written.ownCodes),
      questions: some(questions.map((question) => questionInFile(question, written))),
      trail: some(trail.map(traceInFile)),
      erased: erased && { at: iso(erased.at), why: erased.why, had: some(erased.had) },
    });
  };
}

function contactInFile(
  contact: NonNullable<FullVisit["contact"]>,
  ownCodes: string[],
): Record<string, unknown> {
  const given = PURPOSES.flatMap(
    (purpose) => contact.consents.find((each) => each.purpose === purpose) ?? [],
  );
  return {
    name: contact.name ?? undefined,
    organization: contact.organization ?? undefined,
    role: contact.role ?? undefined,
    email: contact.email ?? undefined,
    phone: contact.phone ?? undefined,
    handle: contact.handle ?? undefined,
    website: contact.website ?? undefined,
    badge: contact.badge ?? undefined,
    note: contact.note ?? undefined,
    consent: some(given.map(({ purpose }) => purpose)),
    consentAt:
      given.length === 0
        ? undefined
        : Object.fromEntries(given.map(({ purpose, given_at }) => [purpose, iso(given_at)])),
    consentShown: shownInFile(given),
    ownCodes: some(ownCodes),
  };
}

/** How each purpose was agreed to, where anybody recorded it. */
function shownInFile(consents: Omit<Consent, "given_at">[]): Record<string, object> | undefined {
  const recorded = consents.filter(({ words, given_by }) => words !== null || given_by !== null);
  if (recorded.length === 0) return undefined;
  return Object.fromEntries(
    recorded.map(({ purpose, words, language, given_by }) => [
      purpose,
      { words: words ?? undefined, language: language ?? undefined, by: given_by ?? undefined },
    ]),
  );
}

function iso(at: Instant | null): string | undefined {
  return at === null ? undefined : new Date(at).toISOString();
}

function some<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function yes(flag: number): true | undefined {
  return flag ? true : undefined;
}

/** By what counts, not by how an engine orders text: the same in every database. */
function bySlug(one: { slug: string }, other: { slug: string }): number {
  return one.slug < other.slug ? -1 : 1;
}

function byTime(one: JournalEntry, other: JournalEntry): number {
  return one.at - other.at || (one.text < other.text ? -1 : 1);
}

function byPlace(one: { position: number; id: string }, other: { position: number; id: string }): number {
  return one.position - other.position || (one.id < other.id ? -1 : 1);
}
