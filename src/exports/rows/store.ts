import { setImmediate as nextTurn } from "node:timers/promises";
import type { Expression, ExpressionBuilder, Selectable, SqlBool } from "kysely";
import type { Reader } from "../../database/open";
import { type Asking, later, type Packed, packed, packedObjects, prepared } from "../../database/packed";
import type { Purpose, Tables, VisitsTable } from "../../database/tables";
import type { Event } from "../../events/store";
import { daySpan } from "../../visits/rules";
import { codeInGroups } from "../../visits/slips/rules";
import {
  type Contact,
  type ContactDetails,
  DETAILS,
  type ExportedVisit,
  type FollowUp,
  type ListName,
  type Narrowed,
  type PartedBy,
  purposeOf,
  type Rows,
  type ShownWords,
} from "../rules";

/** What is read: the rows of an event that are left. */
export interface What {
  event: Event;
  narrowed: Narrowed;
}

/**
 * Rows that are walked past at a time: so many that what a query costs by itself hardly counts, and so few that what is
 * read takes little memory, and writing it little of everybody's time.
 */
const SLICE = 250;
/** The same where writing takes its time: what waits for that meanwhile would grow old, and take memory as long as all do. */
export const SMALL_SLICE = 60;
/** The same where they are only counted. */
const COUNTED = 20_000;

/** A row's place in the order of time. */
interface Place {
  at: number;
  id: string;
}

/** The rows behind one place up to another one, that included. */
interface Slice {
  after: Place;
  until: Place;
}

const ALL: Slice = {
  after: { at: Number.MIN_SAFE_INTEGER, id: "" },
  until: { at: Number.MAX_SAFE_INTEGER, id: "" },
};

/** The slice that a query is going to be asked of. */
const LATER: Slice = {
  after: { at: later(({ after }: Slice) => after.at), id: later(({ after }: Slice) => after.id) },
  until: { at: later(({ until }: Slice) => until.at), id: later(({ until }: Slice) => until.id) },
};

/**
 * Walks through all rows of an order of time, whether they are wanted or not. `ends`: the place of the last row of a slice,
 * none where it is not a full one.
 */
async function* slices(ends: Asking<Slice, Place>, all: Slice = ALL): AsyncGenerator<Slice> {
  const endAfter = (after: Place) => ends({ after, until: all.until });
  let { after } = all;
  let end = endAfter(after);
  for (;;) {
    const [until] = await end;
    // Where the next one ends is asked along with what is in this one.
    if (until) end = endAfter(until);
    end.catch(() => {});
    yield { after, until: until ?? all.until };
    if (!until) return;
    after = until;
  }
}

/** Slices that are being asked of at a time: what comes next is found while the last one is read and written. */
const AT_ONCE = 2;

/** What was found in each slice, in order, with a turn for everybody else before each. */
async function* found<Page>(
  all: AsyncGenerator<Slice>,
  ask: (slice: Slice) => Promise<Page>,
): AsyncGenerator<Page> {
  const askNext = async () => {
    const { value, done } = await all.next();
    return done ? undefined : { page: await ask(value) };
  };
  const asked: ReturnType<typeof askNext>[] = [];
  const keepAsking = () => {
    const next = askNext();
    // It fails when it is its turn.
    next.catch(() => {});
    asked.push(next);
  };
  for (let each = 0; each < AT_ONCE; each += 1) keepAsking();
  for (;;) {
    const next = await asked.shift();
    if (!next) return;
    keepAsking();
    // Only now is it asked for: the page at hand keeps this thread busy.
    await nextTurn();
    yield next.page;
  }
}

type OfVisits = ExpressionBuilder<Tables, "visits">;

function visitSlices(read: Reader, { event, narrowed }: What, size: number): AsyncGenerator<Slice> {
  const end = read
    .selectFrom("visits")
    .select(["happened_at as at", "id"])
    .where((eb) => inSlice(eb, event, LATER))
    .orderBy("happened_at")
    .orderBy("id")
    .offset(size - 1)
    .limit(1);
  const { day } = narrowed;
  const span = day === undefined ? undefined : daySpan(day, event.time_zone);
  const ofDay = span && { after: { at: span.from, id: "" }, until: { at: span.until, id: "" } };
  return slices(prepared(read, end), ofDay);
}

/** The visits of an event in a slice, whatever else is wanted of them. */
function inSlice(eb: OfVisits, event: Event, { after, until }: Slice): Expression<SqlBool> {
  const place = eb.refTuple("visits.happened_at", "visits.id");
  return eb.and([
    eb("visits.event_id", "=", event.id),
    eb(place, ">", eb.tuple(after.at, after.id)),
    eb(place, "<=", eb.tuple(until.at, until.id)),
  ]);
}

const isOrNone = (id: string | null) => (id === null ? "is" : "=");

/** What can be said of a visit alone. */
function isOfVisit(
  eb: OfVisits,
  { boothId, projectId, category, day, consent }: Narrowed,
): Expression<SqlBool>[] {
  const agreed = eb
    .selectFrom("contact_consents")
    .select("contact_consents.visit_id")
    .whereRef("contact_consents.visit_id", "=", "visits.id");
  return [
    eb("visits.deleted_at", "is", null),
    ...(boothId === undefined ? [] : [eb("visits.booth_id", isOrNone(boothId), boothId)]),
    ...(projectId === undefined ? [] : [eb("visits.project_id", isOrNone(projectId), projectId)]),
    ...(category === undefined ? [] : [eb("visits.category", "=", category)]),
    ...(day === undefined ? [] : [eb("visits.local_day", "=", day)]),
    ...(consent === null ? [eb.not(eb.exists(agreed))] : []),
    ...(consent ? [eb.exists(agreed.where("contact_consents.purpose", "=", consent))] : []),
  ];
}

/** Whether a visit is wanted: by itself, and by what was asked in it. */
function isWanted(eb: OfVisits, narrowed: Narrowed): Expression<SqlBool> {
  const { topicId, expertId, state } = narrowed;
  const own = isOfVisit(eb, narrowed);
  if (topicId === undefined && expertId === undefined && state === undefined) return eb.and(own);
  let asked = eb
    .selectFrom("questions")
    .select("questions.id")
    .whereRef("questions.visit_id", "=", "visits.id");
  if (topicId !== undefined) asked = asked.where("questions.topic_id", isOrNone(topicId), topicId);
  if (expertId !== undefined) asked = asked.where("questions.expert_id", isOrNone(expertId), expertId);
  if (state !== undefined) asked = asked.where("questions.state", "=", state);
  if (!topicId || expertId !== undefined || state !== undefined) return eb.and([...own, eb.exists(asked)]);
  const about = eb
    .selectFrom("visit_topics")
    .select("visit_topics.visit_id")
    .whereRef("visit_topics.visit_id", "=", "visits.id")
    .where("visit_topics.topic_id", "=", topicId);
  return eb.and([...own, eb.or([eb.exists(asked), eb.exists(about)])]);
}

/** The visits of a slice, whatever is wanted of them: to find what belongs to those that are. */
function visitsIn(read: Reader, { event }: What) {
  return read
    .selectFrom("visits")
    .where((eb) => eb.and([inSlice(eb, event, LATER), eb("visits.deleted_at", "is", null)]));
}

/** The visits of a slice that are wanted, in the order in which they happened. */
function wantedIn(read: Reader, { event, narrowed }: What) {
  return read
    .selectFrom("visits")
    .where((eb) => eb.and([inSlice(eb, event, LATER), isWanted(eb, narrowed)]))
    .orderBy("happened_at")
    .orderBy("id");
}

/** What else belongs to the visits of a slice: pairs of a visit's id and a value, of each a list. */
type Pairs = Asking<Slice, [visitId: string, value: string]>;

const PAIR = ["visit_id", "value"] as const;

function topicsIn(read: Reader, what: What): Pairs {
  const query = visitsIn(read, what)
    .innerJoin("visit_topics as link", "link.visit_id", "visits.id")
    .select(["link.visit_id", "link.topic_id as value"]);
  return packed(read, query, PAIR);
}

function remarksIn(read: Reader, what: What): Pairs {
  const query = visitsIn(read, what)
    .innerJoin("visit_remarks as link", "link.visit_id", "visits.id")
    .select(["link.visit_id", "link.remark_id as value"]);
  return packed(read, query, PAIR);
}

function giveawaysIn(read: Reader, what: What): Pairs {
  const query = visitsIn(read, what)
    .innerJoin("visit_giveaways as link", "link.visit_id", "visits.id")
    .select(["link.visit_id", "link.giveaway_id as value"]);
  return packed(read, query, PAIR);
}

/** What was asked in the visits of a slice, in the order asked. */
function questionsIn(read: Reader, what: What): Pairs {
  const query = visitsIn(read, what)
    .innerJoin("questions as link", "link.visit_id", "visits.id")
    .select(["link.visit_id", "link.text as value"])
    .orderBy("visits.happened_at")
    .orderBy("visits.id")
    .orderBy("link.position");
  return packed(read, query, PAIR);
}

/**
 * What the visitors of a slice agreed to; with what they agreed to for this purpose come their details. Those of others
 * are not even read.
 */
function consentsIn(read: Reader, what: What, purpose: Purpose | null): Asking<Slice, Consent> {
  const query = visitsIn(read, what)
    .innerJoin("contact_consents as agreed", "agreed.visit_id", "visits.id")
    .leftJoin("contacts", (join) =>
      join.onRef("contacts.visit_id", "=", "agreed.visit_id").on("agreed.purpose", "=", purpose ?? NEVER),
    )
    .select([
      "agreed.visit_id",
      "agreed.purpose",
      "agreed.given_at",
      "agreed.words",
      "agreed.language",
      "contacts.visit_id as contact_of",
    ])
    .select(CONTACT_COLUMNS)
    .orderBy("visits.happened_at")
    .orderBy("visits.id")
    .orderBy("agreed.purpose");
  const ask = packed(read, query, CONSENT_NAMES);
  return async (slice) => (await ask(slice)).map(asConsent);
}

const CONSENT_NAMES = [
  "visit_id",
  "purpose",
  "given_at",
  "words",
  "language",
  "contact_of",
  ...DETAILS,
] as const;

type ConsentRow = Packed<
  {
    visit_id: string;
    purpose: Purpose;
    given_at: number;
    words: string | null;
    language: string | null;
    contact_of: string | null;
  } & ContactDetails,
  typeof CONSENT_NAMES
>;

function asConsent(row: ConsentRow): Consent {
  const [visitId, purpose, agreedAt, words, language, contactOf, ...left] = row;
  const [name, organization, role, email, phone, handle, website, badge, note] = left;
  const details = { name, organization, role, email, phone, handle, website, badge, note };
  const shown = { words, language };
  return { visitId, purpose, agreedAt, shown, details: contactOf === null ? undefined : details };
}

interface Consent {
  visitId: string;
  purpose: Purpose;
  agreedAt: number;
  shown: ShownWords;
  /** Where this is what the details are taken for. */
  details: ContactDetails | undefined;
}

/** No visitor agreed to this. */
const NEVER = "none" as Purpose;

const CONTACT_COLUMNS = DETAILS.map((each) => `contacts.${each}` as const);

/** What most visits have of most things: nobody adds to it. */
const NONE: string[] = [];

/** Adds to a list of each row what belongs to it; what belongs to others is left out. */
function spread<Into extends string>(
  pairs: [string, string][],
  byId: Map<string, Record<Into, string[]>>,
  into: Into,
): void {
  for (const pair of pairs) {
    const row = byId.get(pair[0]);
    if (!row) continue;
    if (row[into] === NONE) row[into] = [pair[1]];
    else row[into].push(pair[1]);
  }
}

const VISIT_COLUMNS = [
  "id",
  "happened_at",
  "local_day",
  "local_hour",
  "category",
  "people",
  "booth_id",
  "project_id",
  "platform_id",
  "interest",
  "overview_given",
  "note",
  "staff_name",
] as const;

/** The visits of an event in the order in which they happened, page by page; those in the bin are left out. */
async function* visitPages(read: Reader, what: What, size: number): AsyncGenerator<ExportedVisit[]> {
  const wanted = packed(read, wantedIn(read, what).select(VISIT_COLUMNS), VISIT_COLUMNS) as Asking<
    Slice,
    VisitRow
  >;
  const topicsOf = topicsIn(read, what);
  const remarksOf = remarksIn(read, what);
  const giveawaysOf = giveawaysIn(read, what);
  const askedIn = questionsIn(read, what);
  const agreedIn = consentsIn(read, what, purposeOf(what.narrowed));
  const ask = (slice: Slice) =>
    Promise.all([
      wanted(slice),
      topicsOf(slice),
      remarksOf(slice),
      giveawaysOf(slice),
      askedIn(slice),
      agreedIn(slice),
    ]);
  for await (const page of found(visitSlices(read, what, size), ask)) {
    const [rows, topics, remarks, giveaways, questions, consents] = page;
    if (rows.length === 0) continue;
    const visits = rows.map(asVisit);
    const byId = new Map<string, ExportedVisit>();
    for (const visit of visits) byId.set(visit.id, visit);
    spread(topics, byId, "topicIds");
    spread(remarks, byId, "remarkIds");
    spread(giveaways, byId, "giveawayIds");
    spread(questions, byId, "questions");
    for (const { visitId, purpose, details } of consents) {
      const visit = byId.get(visitId);
      if (!visit) continue;
      visit.consent = [...visit.consent, purpose];
      visit.contact ??= details;
    }
    yield visits;
  }
}

type VisitRow = Packed<Selectable<VisitsTable>, typeof VISIT_COLUMNS>;

function asVisit(row: VisitRow): ExportedVisit {
  return {
    id: row[0],
    happenedAt: row[1],
    day: row[2],
    hour: row[3],
    category: row[4],
    people: row[5],
    boothId: row[6],
    projectId: row[7],
    platformId: row[8],
    interest: row[9],
    overviewGiven: row[10],
    note: row[11],
    staffName: row[12],
    topicIds: NONE,
    remarkIds: NONE,
    giveawayIds: NONE,
    questions: NONE,
    consent: NONE,
    contact: undefined,
  };
}

const CONTACT_OF_COLUMNS = [
  "id",
  "happened_at",
  "category",
  "project_id",
  "platform_id",
  "staff_name",
] as const;

/** The visitors who left details and agreed to the purpose, in the order in which they came, page by page. */
async function* contactPages(read: Reader, what: What, size: number): AsyncGenerator<Contact[]> {
  const purpose = purposeOf(what.narrowed);
  const agreeing = { ...what, narrowed: { ...what.narrowed, consent: purpose } };
  const visits = wantedIn(read, agreeing).select(CONTACT_OF_COLUMNS);
  const wanted = packed(read, visits, CONTACT_OF_COLUMNS);
  const agreedIn = consentsIn(read, what, purpose);
  const askedIn = questionsIn(read, what);
  const ask = (slice: Slice) => Promise.all([wanted(slice), agreedIn(slice), askedIn(slice)]);
  for await (const [rows, consents, questions] of found(visitSlices(read, what, size), ask)) {
    const agreedBy = new Map<string, string[]>();
    for (const { visitId, purpose: each } of consents)
      agreedBy.set(visitId, [...(agreedBy.get(visitId) ?? []), each]);
    const leaving = new Map(consents.filter(({ details }) => details).map((each) => [each.visitId, each]));
    const contacts = rows.flatMap(([visitId, happenedAt, category, projectId, platformId, staffName]) => {
      const left = leaving.get(visitId);
      // One who agreed between the two looks comes with the next export.
      if (!left?.details) return [];
      const consent = agreedBy.get(visitId) ?? [];
      const about = { happenedAt, category, projectId, platformId, staffName, questions: NONE };
      const agreed = { agreedAt: left.agreedAt, shown: left.shown };
      return { visitId, ...about, consent, ...agreed, contact: left.details };
    });
    if (contacts.length === 0) continue;
    spread(questions, new Map(contacts.map((each) => [each.visitId, each])), "questions");
    yield contacts;
  }
}

/** The questions of a slice in the order asked, with what they are narrowed down by; those of visits in the bin are left out. */
function questionsOf(read: Reader, { event, narrowed }: What) {
  const { topicId, expertId, state } = narrowed;
  return read
    .selectFrom("questions")
    .innerJoin("visits", "visits.id", "questions.visit_id")
    .where((eb) => {
      const place = eb.refTuple("questions.asked_at", "questions.id");
      return eb.and([
        eb("questions.event_id", "=", event.id),
        eb("questions.hidden", "=", 0),
        eb(place, ">", eb.tuple(LATER.after.at, LATER.after.id)),
        eb(place, "<=", eb.tuple(LATER.until.at, LATER.until.id)),
        ...(topicId === undefined ? [] : [eb("questions.topic_id", isOrNone(topicId), topicId)]),
        ...(expertId === undefined ? [] : [eb("questions.expert_id", isOrNone(expertId), expertId)]),
        ...(state === undefined ? [] : [eb("questions.state", "=", state)]),
        ...isOfVisit(eb as unknown as OfVisits, narrowed),
      ]);
    });
}

function questionSlices(read: Reader, { event }: What, size: number): AsyncGenerator<Slice> {
  const { after } = LATER;
  const end = read
    .selectFrom("questions")
    .select(["asked_at as at", "id"])
    .where("event_id", "=", event.id)
    .where("hidden", "=", 0)
    .where((eb) => eb(eb.refTuple("asked_at", "id"), ">", eb.tuple(after.at, after.id)))
    .orderBy("asked_at")
    .orderBy("id")
    .offset(size - 1)
    .limit(1);
  return slices(prepared(read, end));
}

/** The questions of an event in the order asked, page by page. */
async function* followUpPages(read: Reader, what: What, size: number): AsyncGenerator<FollowUp[]> {
  const purpose = purposeOf(what.narrowed);
  const wanted = questionsOf(read, what);
  const questions = packedObjects(
    read,
    wanted
      .leftJoin("experts", "experts.id", "questions.expert_id")
      // Details without consent stay on the laptop: the join does not even read them.
      .leftJoin("contact_consents as agreed", (join) =>
        join.onRef("agreed.visit_id", "=", "visits.id").on("agreed.purpose", "=", purpose ?? NEVER),
      )
      .leftJoin("contacts", "contacts.visit_id", "agreed.visit_id")
      .select([
        "questions.id",
        "questions.visit_id as visitId",
        "questions.text",
        "questions.topic_id as topicId",
        "questions.state",
        "questions.priority",
        "questions.answer",
        "questions.asked_at as askedAt",
        "questions.routed_at as routedAt",
        "questions.due_at as dueAt",
        "questions.answered_at as answeredAt",
        "questions.changed_at as changedAt",
        "questions.version",
        "experts.name as expert",
        "experts.address as expertAddress",
        "visits.category",
        "visits.people",
        "visits.booth_id as boothId",
        "visits.platform_id as platformId",
        "visits.project_id as projectId",
        "visits.staff_name as staffName",
        "contacts.visit_id as contactOf",
      ])
      .select(CONTACT_COLUMNS)
      .orderBy("questions.asked_at")
      .orderBy("questions.id"),
    FOLLOW_UP_NAMES,
  );
  const slipsGiven = packed(
    read,
    wanted
      .innerJoin("slips", "slips.question_id", "questions.id")
      .select(["slips.question_id", "slips.code"])
      .orderBy("slips.made_at")
      .orderBy("slips.code"),
    ["question_id", "code"],
  );
  const ask = (slice: Slice) => Promise.all([questions(slice), slipsGiven(slice)]);
  for await (const [rows, slips] of found(questionSlices(read, what, size), ask)) {
    if (rows.length === 0) continue;
    // The slip that was given last is the one that its visitor has in hand.
    const slipOf = new Map(slips.map(([questionId, code]) => [questionId, codeInGroups(code)]));
    yield rows.map((row) => ({
      ...row,
      expertAddress: row.expertAddress || null,
      slip: slipOf.get(row.id) ?? null,
      contact: row.contactOf === null ? undefined : row,
    }));
  }
}

const FOLLOW_UP_NAMES = [
  "id",
  "visitId",
  "text",
  "topicId",
  "state",
  "priority",
  "answer",
  "askedAt",
  "routedAt",
  "dueAt",
  "answeredAt",
  "changedAt",
  "version",
  "expert",
  "expertAddress",
  "category",
  "people",
  "boothId",
  "platformId",
  "projectId",
  "staffName",
  "contactOf",
  ...DETAILS,
] as const;

/** The rows of a list, page by page; `size`: how many are walked past for a page. */
export function pagesOf<List extends ListName>(
  read: Reader,
  list: List,
  what: What,
  size = SLICE,
): AsyncGenerator<Rows[List][]> {
  const pages = { "follow-ups": followUpPages, visits: visitPages, contacts: contactPages };
  return pages[list](read, what, size) as AsyncGenerator<Rows[List][]>;
}

/** How many rows a list has, and how many of them carry contact details. */
export interface Counted {
  rows: number;
  withContact: number;
}

/** Counts what `pagesOf` would give, without reading it. */
export async function countRows(read: Reader, list: ListName, what: What): Promise<Counted> {
  const purpose = purposeOf(what.narrowed);
  const isOfQuestions = list === "follow-ups";
  const narrowed = list === "contacts" ? { ...what.narrowed, consent: purpose } : what.narrowed;
  const wanted = isOfQuestions ? questionsOf(read, what) : wantedIn(read, { ...what, narrowed });
  const count = (wanted as ReturnType<typeof visitsIn>)
    .clearOrderBy()
    .leftJoin("contact_consents as agreed", (join) =>
      join.onRef("agreed.visit_id", "=", "visits.id").on("agreed.purpose", "=", purpose ?? NEVER),
    )
    .select(({ fn }) => [fn.countAll<number>().as("rows"), fn.count<number>("agreed.visit_id").as("agreed")]);
  const ask = prepared<Slice, { rows: number; agreed: number }>(read, count);
  const counted = { rows: 0, withContact: 0 };
  for await (const slice of isOfQuestions
    ? questionSlices(read, what, COUNTED)
    : visitSlices(read, what, COUNTED)) {
    for (const { rows, agreed } of await ask(slice)) {
      counted.rows += Number(rows);
      counted.withContact += Number(agreed);
    }
  }
  return counted;
}

/** The experts or projects that a list of follow-ups has something of; null: it has some of nobody. */
export async function partsOf(read: Reader, by: PartedBy, what: What): Promise<(string | null)[]> {
  const column = by === "expert" ? "questions.expert_id" : "visits.project_id";
  const ask = prepared<Slice, { part: string | null }>(
    read,
    questionsOf(read, what).select(`${column} as part`).distinct(),
  );
  const found = new Set<string | null>();
  for await (const slice of questionSlices(read, what, COUNTED)) {
    for (const { part } of await ask(slice)) found.add(part);
  }
  return [...found];
}
