import { setImmediate as nextTurn } from "node:timers/promises";
import { type Lists, listsOf } from "../catalog/store";
import type { Reader } from "../database/open";
import { Problem } from "../errors";
import type { Event } from "../events/store";
import type { Cell } from "../sheets";
import { fullVisits } from "../visits/store";
import type { Filters } from "./form";
import {
  type Column,
  type Context,
  clockFor,
  type ExportedVisit,
  FOLLOW_UPS,
  type FollowUp,
  type FormatName,
  formatOf,
  type ListName,
  type Narrowed,
  narrow,
  VISITS,
} from "./rules";

/** Rows that are read at a time: few enough that a tablet's visit need not wait. */
const PAGE = 500;

/** A list of an event, ready to be written. */
export interface Export {
  list: ListName;
  format: FormatName;
  event: Event;
  lists: Lists;
  narrowed: Narrowed;
}

/** The experts that a list can be narrowed down to, by name. */
export function expertsToChoose(read: Reader) {
  return read.selectFrom("experts").select(["id", "slug", "name"]).orderBy("name").orderBy("id").execute();
}

/** Looks up what an export is about. Throws `invalid` with a message a filter where one names what is not there. */
export async function prepareExport(
  read: Reader,
  what: { list: ListName; format: FormatName; event: Event; filters: Filters },
): Promise<Export> {
  const lists = await listsOf(read, what.event.id);
  const { narrowed, problems } = narrow(what.filters, lists, await expertsToChoose(read));
  if (problems.length > 0) throw new Problem("invalid", "This list cannot be made as asked.", problems);
  return { ...what, lists, narrowed };
}

/**
 * The text of an export, piece by piece. Reads pages on the reading connection and leaves a turn to everybody
 * else after each; whoever stops taking pieces stops the reading.
 */
export async function* exportText(read: Reader, what: Export): AsyncGenerator<string> {
  const { list, event, lists } = what;
  const context = { event, lists, clock: clockFor(event.time_zone) };
  const columns = list === "visits" ? VISITS : FOLLOW_UPS;
  const title = `${list === "visits" ? "Visits" : "Follow-ups"}: ${event.name}`;
  const format = formatOf(what.format, columns, title);
  const pages =
    list === "visits"
      ? cellsOf(visitPages(read, what), VISITS, context)
      : cellsOf(followUpPages(read, what), FOLLOW_UPS, context);
  yield format.start;
  let isFirst = true;
  for await (const cells of pages) {
    yield format.rows(cells, isFirst);
    isFirst = false;
    await nextTurn();
  }
  yield format.end;
}

async function* cellsOf<Row>(
  pages: AsyncIterable<Row[]>,
  columns: Column<Row>[],
  context: Context,
): AsyncGenerator<Cell[][]> {
  for await (const rows of pages) {
    yield rows.map((row) => columns.map((column) => column.get(row, context)));
  }
}

/** The questions of an event in the order asked, page by page; those of visits in the bin are left out. */
async function* followUpPages(read: Reader, { event, narrowed }: Export): AsyncGenerator<FollowUp[]> {
  let last: { at: number; id: string } | undefined;
  do {
    let query = read
      .selectFrom("questions")
      .innerJoin("visits", "visits.id", "questions.visit_id")
      .leftJoin("experts", "experts.id", "questions.expert_id")
      // Details without consent to be followed up stay on the laptop: the join does not even read them.
      .leftJoin("contact_consents as agreed", (join) =>
        join.onRef("agreed.visit_id", "=", "visits.id").on("agreed.purpose", "=", "follow-up"),
      )
      .leftJoin("contacts", "contacts.visit_id", "agreed.visit_id")
      .select([
        "questions.id",
        "questions.visit_id",
        "questions.text",
        "questions.topic_id",
        "questions.state",
        "questions.answer",
        "questions.asked_at",
        "experts.name as expert_name",
        "experts.address as expert_address",
        "visits.category",
        "visits.people",
        "visits.platform_id",
        "visits.project_id",
        "visits.staff_name",
        "contacts.visit_id as contact_of",
        "contacts.name",
        "contacts.organization",
        "contacts.role",
        "contacts.email",
        "contacts.phone",
        "contacts.handle",
        "contacts.website",
        "contacts.badge",
        "contacts.note",
      ])
      .where("questions.event_id", "=", event.id)
      .where("questions.hidden", "=", 0)
      .orderBy("questions.asked_at")
      .orderBy("questions.id")
      .limit(PAGE);
    const { projectId, topicId, expertId, state } = narrowed;
    if (projectId !== undefined)
      query = query.where("visits.project_id", projectId === null ? "is" : "=", projectId);
    if (topicId !== undefined)
      query = query.where("questions.topic_id", topicId === null ? "is" : "=", topicId);
    if (expertId !== undefined)
      query = query.where("questions.expert_id", expertId === null ? "is" : "=", expertId);
    if (state !== undefined) query = query.where("questions.state", "=", state);
    if (last) {
      const { at, id } = last;
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("questions.asked_at", "questions.id"), ">", tuple(at, id)),
      );
    }
    const rows = await query.execute();
    if (rows.length > 0) {
      yield rows.map((row) => ({
        id: row.id,
        visitId: row.visit_id,
        text: row.text,
        topicId: row.topic_id,
        state: row.state,
        expert: row.expert_name,
        expertAddress: row.expert_address || null,
        answer: row.answer,
        askedAt: row.asked_at,
        category: row.category,
        people: row.people,
        platformId: row.platform_id,
        projectId: row.project_id,
        staffName: row.staff_name,
        contact: row.contact_of === null ? undefined : row,
      }));
    }
    const end = rows.at(-1);
    last = rows.length === PAGE && end ? { at: end.asked_at, id: end.id } : undefined;
  } while (last);
}

/** The visits of an event in the order in which they happened, page by page; those in the bin are left out. */
async function* visitPages(read: Reader, { event, narrowed }: Export): AsyncGenerator<ExportedVisit[]> {
  let last: { at: number; id: string } | undefined;
  do {
    let query = read
      .selectFrom("visits")
      .select(["id", "happened_at"])
      .where("event_id", "=", event.id)
      .where("deleted_at", "is", null)
      .orderBy("happened_at")
      .orderBy("id")
      .limit(PAGE);
    const { projectId, topicId, expertId, state } = narrowed;
    if (projectId !== undefined)
      query = query.where("project_id", projectId === null ? "is" : "=", projectId);
    if (topicId !== undefined || expertId !== undefined || state !== undefined) {
      query = query.where(({ or, exists, selectFrom }) => {
        let asked = selectFrom("questions")
          .select("questions.id")
          .whereRef("questions.visit_id", "=", "visits.id");
        if (topicId !== undefined) asked = asked.where("topic_id", topicId === null ? "is" : "=", topicId);
        if (expertId !== undefined)
          asked = asked.where("expert_id", expertId === null ? "is" : "=", expertId);
        if (state !== undefined) asked = asked.where("state", "=", state);
        if (!topicId || expertId !== undefined || state !== undefined) return exists(asked);
        const about = selectFrom("visit_topics")
          .select("visit_id")
          .whereRef("visit_id", "=", "visits.id")
          .where("topic_id", "=", topicId);
        return or([exists(asked), exists(about)]);
      });
    }
    if (last) {
      const { at, id } = last;
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("happened_at", "id"), ">", tuple(at, id)));
    }
    const page = await query.execute();
    const visits = await fullVisits(
      read,
      page.map((row) => row.id),
    );
    if (visits.length > 0) {
      yield visits.map((visit) => ({
        id: visit.id,
        happenedAt: visit.happened_at,
        day: visit.local_day,
        hour: visit.local_hour,
        category: visit.category,
        people: visit.people,
        boothId: visit.booth_id,
        projectId: visit.project_id,
        platformId: visit.platform_id,
        interest: visit.interest,
        overviewGiven: visit.overview_given,
        topicIds: visit.topicIds,
        remarkIds: visit.remarkIds,
        giveawayIds: visit.giveawayIds,
        note: visit.note,
        questions: visit.questions.map((question) => question.text),
        staffName: visit.staff_name,
        consent: visit.contact?.consent ?? [],
        contact: visit.contact?.consent.includes("follow-up") ? visit.contact : undefined,
      }));
    }
    const end = page.at(-1);
    last = page.length === PAGE && end ? { at: end.happened_at, id: end.id } : undefined;
  } while (last);
}
