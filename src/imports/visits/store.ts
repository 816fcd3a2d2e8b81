import { uuidv7 } from "uuidv7";
import { type Lists, listsOf } from "../../catalog/store";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import type { FieldProblem } from "../../errors";
import type { Event } from "../../events/store";
import { erase, keepErased, wasErased } from "../../privacy/erasure/store";
import { PROGRAM, rankOf } from "../../questions/rules";
import { bindOwnCode } from "../../visits/codes/store";
import { checkRest, type Result } from "../../visits/form";
import { questionIds, resolve } from "../../visits/rules";
import { codeInGroups } from "../../visits/slips/rules";
import { bindSlip } from "../../visits/slips/store";
import { isGone, noteStep, ORGANIZER, recordVisit } from "../../visits/store";
import { type BadRecord, badRecords } from "../rules";
import { checkVisitOfFile, type QuestionOfFile, type StepOfFile, type VisitOfFile, wordsOf } from "./form";

/** Visits that are handed over in one go: what one commit takes. */
const VISITS_A_BATCH = 100;

/** What came of the visits of a file. */
export interface VisitsImported {
  visits: { added: number; there: number; updated: number; conflict: number; gone: number };
  /** Questions of the visits that were added. */
  questions: number;
  bad: BadRecord[];
}

const COUNTED_AS = {
  recorded: "added",
  replayed: "there",
  updated: "updated",
  conflict: "conflict",
  gone: "gone",
} as const satisfies Record<Exclude<Result["status"], "invalid">, string>;

/** A question of the file that is asked together with another one, which may come after it. */
interface Joined {
  questionId: string;
  headId: string;
  /** The visit's place in the file, its id, and the field that says so. */
  index: number;
  visitId: string;
  field: string;
}

/** What all visits of a file are recorded with. */
interface Place {
  event: Event;
  lists: Lists;
  /** The ids of all experts by their short names. */
  experts: Map<string, string>;
  now: Instant;
}

/** What came of one visit. `asides`: what could not be taken of it, while the visit itself came in. */
interface Came {
  result: Result;
  asides: FieldProblem[];
  questions: number;
  joined: Omit<Joined, "index">[];
}

/**
 * Records the visits of a file, with where their questions stand. Those that are here already keep what they have. Holds a
 * batch at a time in memory, besides what is bad. `progress` is told after each batch how many have been handled.
 */
export async function importVisits(
  db: Database,
  event: Event,
  visits: AsyncIterable<unknown>,
  now: Instant,
  progress: (done: number) => void,
): Promise<VisitsImported> {
  const [lists, experts] = await Promise.all([listsOf(db.read, event.id), expertIds(db.read)]);
  const place = { event, lists, experts, now };
  const came: VisitsImported = {
    visits: { added: 0, there: 0, updated: 0, conflict: 0, gone: 0 },
    questions: 0,
    bad: [],
  };
  const joined: Joined[] = [];
  let done = 0;
  for await (const batch of batchesOf(visits, VISITS_A_BATCH)) {
    const results = await Promise.all(batch.map((visit) => importVisit(db, place, visit)));
    for (const [at, { result, asides, questions, joined: some }] of results.entries()) {
      const index = done + at;
      const { status, id, problems = [] } = result;
      if (status !== "invalid") came.visits[COUNTED_AS[status]] += 1;
      came.bad.push(...badRecords("visits", index, [...problems, ...asides], id));
      came.questions += questions;
      joined.push(...some.map((each) => ({ ...each, index })));
    }
    done += batch.length;
    progress(done);
  }
  // Only now all are here that others may be asked together with.
  for (let from = 0; from < joined.length; from += VISITS_A_BATCH) {
    const some = joined.slice(from, from + VISITS_A_BATCH);
    const wrong = await db.write(async (writer) => {
      const messages: (string | undefined)[] = [];
      for (const each of some) messages.push(await askTogether(writer, event.id, each));
      return messages;
    });
    for (const [at, message] of wrong.entries()) {
      const { index, field, visitId } = some[at] as Joined;
      if (message) came.bad.push(...badRecords("visits", index, [{ field, message }], visitId));
    }
  }
  return came;
}

async function* batchesOf<T>(all: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const each of all) {
    batch.push(each);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function expertIds(read: Reader): Promise<Map<string, string>> {
  const rows = await read.selectFrom("experts").select(["id", "slug"]).execute();
  return new Map(rows.map(({ id, slug }) => [slug, id]));
}

async function importVisit(db: Database, place: Place, input: unknown): Promise<Came> {
  const refused = (id: string | null, problems: FieldProblem[]): Came => ({
    result: { id, status: "invalid", problems },
    asides: [],
    questions: 0,
    joined: [],
  });
  const checked = checkVisitOfFile(input);
  if (!checked.ok) {
    const rest = checkRest(wordsOf(input), checked.problems);
    const more = rest.ok ? resolve(rest.value, place.lists).problems : [];
    return refused(idOf(input), [...checked.problems, ...more]);
  }
  const visit = checked.value;
  const { resolved, problems } = resolve(visit.record, place.lists);
  const all = [...problems, ...unknownExperts(visit, place.experts)];
  if (all.length > 0) return refused(visit.record.id, all);
  return db.write((writer) => record(writer, place, visit, resolved, input));
}

async function record(
  writer: Writer,
  place: Place,
  visit: VisitOfFile,
  resolved: ReturnType<typeof resolve>["resolved"],
  input: unknown,
): Promise<Came> {
  const { event, lists, now } = place;
  const { clockOffset, staff } = visit;
  const isOrganizer = staff === ORGANIZER;
  const isNameless =
    staff !== null &&
    ((await wasErased(writer, "staff-of-event", event.id)) ||
      (await wasErased(writer, "staff-of-visit", visit.record.id)));
  const words = { ...visit.record, staff: isOrganizer || isNameless ? undefined : (staff ?? undefined) };
  const arrival = {
    event,
    lists,
    boothId: null,
    deviceId: null,
    staffName: isOrganizer ? ORGANIZER : null,
    receivedAt: now,
    clockOffset,
  };
  const ids = questionIds(visit.record);
  const known = await questionsHere(writer, ids);
  // Words that wait beside others are read as a device's, also later.
  const sent = {
    ...(wordsOf(input) as object),
    happenedAt: new Date(visit.record.happenedAt).toISOString(),
  };
  const result = await recordVisit(writer, arrival, words, resolved, sent);
  if (visit.erased) await eraseHereToo(writer, visit, result.status);
  const came: Came = { result, asides: [], questions: 0, joined: [] };
  if (result.status !== "recorded" && result.status !== "updated" && result.status !== "replayed")
    return came;
  const visitId = visit.record.id;
  for (const [index, question] of visit.questions.entries()) {
    const questionId = ids[index] as string;
    const { askedWith } = question;
    if (askedWith) {
      const field = `questions.${index}.askedWith`;
      came.joined.push({ questionId, headId: askedWith, visitId, field });
    }
    if (known.has(questionId) || result.status === "replayed") continue;
    const problems = await keepStanding(writer, place, questionId, question);
    came.asides.push(...problems.map((each) => ({ ...each, field: `questions.${index}.${each.field}` })));
  }
  if (result.status === "recorded") {
    came.questions = visit.questions.length;
    await keepTrail(writer, place, { visitId }, visit.trail);
  }
  if (result.status !== "replayed") await keepConsentTimes(writer, visit, now);
  for (const [index, code] of visit.ownCodes.entries()) {
    const bound = await bindOwnCode(writer, code, { visitId });
    if (bound !== "taken") continue;
    const message = `${codeInGroups(code)} opens another visitor's page here already: this one came in without it.`;
    came.asides.push({ field: `contact.ownCodes.${index}`, message });
  }
  return came;
}

/** Who was erased where the file comes from stays so here, also where they were here before. */
async function eraseHereToo(
  writer: Writer,
  { record: { id }, erased }: VisitOfFile,
  status: Result["status"],
): Promise<void> {
  if (!erased || status === "invalid") return;
  if (status === "recorded") return keepErased(writer, id, erased);
  const by = { actor: PROGRAM.name, actorKind: PROGRAM.kind, why: erased.why };
  if (!(await isGone(writer, id))) await erase(writer, { kind: "visit", id }, by, erased.at);
}

function idOf(input: unknown): string | null {
  const id = (input as { id?: unknown } | null)?.id;
  return typeof id === "string" ? id.slice(0, 100) : null;
}

function unknownExperts(visit: VisitOfFile, experts: Map<string, string>): FieldProblem[] {
  const named = visit.questions.flatMap(({ expert, trail }, index) => [
    { field: `questions.${index}.expert`, slug: expert },
    ...(trail ?? []).map((step, at) => ({
      field: `questions.${index}.trail.${at}.expert`,
      slug: step.expert,
    })),
  ]);
  return named.flatMap(({ field, slug }) =>
    slug && !experts.has(slug) ? [{ field, message: `There is no expert “${slug}” here.` }] : [],
  );
}

async function questionsHere(writer: Writer, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await writer.selectFrom("questions").select("id").where("id", "in", ids).execute();
  return new Set(rows.map(({ id }) => id));
}

/** Keeps where a question stands that is new here. Gives what could not be taken of it. */
async function keepStanding(
  writer: Writer,
  place: Place,
  questionId: string,
  question: QuestionOfFile,
): Promise<FieldProblem[]> {
  const { priority, slips, trail } = question;
  // What a visitor asked by themselves has been looked at elsewhere, so it does not wait here any more.
  await writer.deleteFrom("visitor_questions").where("id", "=", questionId).execute();
  await writer
    .updateTable("questions")
    .set({
      ...(question.askedAt && { asked_at: question.askedAt }),
      state: question.state ?? "open",
      expert_id: question.expert ? (place.experts.get(question.expert) ?? null) : null,
      answer: question.answer || null,
      priority: priority ?? "normal",
      rank: rankOf(priority ?? "normal", question.cameBack ?? false),
      due_at: question.dueAt ?? null,
      claimed_at: question.claimedAt ?? null,
      routed_at: question.routedAt ?? null,
      answered_at: question.answeredAt ?? null,
      brought: 1,
    })
    .where("id", "=", questionId)
    .execute();
  const problems: FieldProblem[] = [];
  for (const [index, { code, madeAt, language }] of (slips ?? []).entries()) {
    const now = madeAt ?? place.now;
    const bound = await bindSlip(writer, { code, questionId, now, language: language || undefined });
    if (bound !== "taken") continue;
    const message = `${codeInGroups(code)} leads to another question here already: this one came in without it.`;
    problems.push({ field: `slips.${index}.code`, message });
  }
  await keepTrail(writer, place, { questionId }, trail ?? []);
  if (!trail?.length && slips?.length) {
    // A visitor has it in their hands: no later edit of the visit may drop the question.
    const { kind: actorKind, name: actor } = PROGRAM;
    await noteStep(writer, { of: { questionId }, at: place.now, actor, actorKind, step: "slip given" });
  }
  return problems;
}

const STEPS_A_STATEMENT = 500;

/** Keeps what was done with a question or a visit elsewhere. None of it can be undone here: it may have been told. */
async function keepTrail(
  writer: Writer,
  place: Place,
  of: { questionId: string } | { visitId: string },
  trail: StepOfFile[],
): Promise<void> {
  const rows = trail.map(({ at, step, by, as, expert, note }) => ({
    // Ids rise: steps of the same instant stay in their order.
    id: uuidv7(),
    question_id: "questionId" in of ? of.questionId : null,
    visit_id: "visitId" in of ? of.visitId : null,
    at,
    actor: by,
    actor_kind: as,
    step,
    expert_id: expert ? (place.experts.get(expert) ?? null) : null,
    note: note || null,
    before: null,
    undoes: null,
  }));
  for (let from = 0; from < rows.length; from += STEPS_A_STATEMENT) {
    await writer
      .insertInto("activity")
      .values(rows.slice(from, from + STEPS_A_STATEMENT))
      .execute();
  }
}

/** Consent that came with this visit has the time at which it was given; what was here before keeps its own. */
async function keepConsentTimes(writer: Writer, visit: VisitOfFile, now: Instant): Promise<void> {
  for (const [purpose, at] of Object.entries(visit.consentAt)) {
    await writer
      .updateTable("contact_consents")
      .set({ given_at: at })
      .where("visit_id", "=", visit.record.id)
      .where("purpose", "=", purpose as "news")
      .where("given_at", "=", now)
      .execute();
  }
}

/**
 * Lets a question be asked together with another one, which stands for both. One with which anything was done here since it was
 * brought is left alone. Gives what is wrong, where something is.
 */
async function askTogether(
  writer: Writer,
  eventId: string,
  { questionId, headId }: Joined,
): Promise<string | undefined> {
  const member = await writer
    .selectFrom("questions")
    .select("id")
    .where("id", "=", questionId)
    .where("merged_into", "is", null)
    .where("brought", "=", 1)
    .where("version", "=", 1)
    .executeTakeFirst();
  if (!member) return undefined;
  const head = await writer
    .selectFrom("questions")
    .select([
      "state",
      "expert_id",
      "answer",
      "priority",
      "rank",
      "due_at",
      "claimed_at",
      "answered_at",
      "brought",
      "merged_into",
    ])
    .where("id", "=", headId)
    .where("event_id", "=", eventId)
    .where("hidden", "=", 0)
    .executeTakeFirst();
  if (!head) return "There is no such question at this event.";
  const isHead = await writer
    .selectFrom("questions")
    .select("id")
    .where("merged_into", "=", questionId)
    .executeTakeFirst();
  if (head.merged_into !== null || isHead) {
    return "One of the two is asked together with another question already: name the one that stands for all.";
  }
  await writer
    .updateTable("questions")
    .set({ ...head, merged_into: headId })
    .where("id", "=", questionId)
    .execute();
  return undefined;
}
