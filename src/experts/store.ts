import { type Selectable, sql } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../database/door";
import type { Reader } from "../database/open";
import type { ExpertsTable, Instant } from "../database/tables";
import { Problem } from "../errors";
import { slugOf } from "../events/rules";
import { type ExpertFields, usualWay } from "./form";
import { type Load, NO_LOAD, WEEK } from "./rules";

/**
 * An expert with the slugs of the topics that they answer on, in the order in which they would rather, of the projects
 * that they answer for (none: all), and the codes of the languages that they answer in (none: whatever is asked).
 */
export interface Expert extends Omit<Selectable<ExpertsTable>, "languages"> {
  topics: string[];
  projects: string[];
  languages: string[];
}

/** All experts by name, those who are no longer offered last. */
export async function listExperts(read: Reader): Promise<Expert[]> {
  const [experts, topics, projects] = await Promise.all([
    read.selectFrom("experts").selectAll().orderBy("hidden").orderBy("name").orderBy("slug").execute(),
    read.selectFrom("expert_topics").selectAll().orderBy("expert_id").orderBy("position").execute(),
    read.selectFrom("expert_projects").selectAll().execute(),
  ]);
  const topicsOf = listsOf(topics.map((row) => [row.expert_id, row.topic_slug]));
  const projectsOf = listsOf(projects.map((row) => [row.expert_id, row.project_slug]));
  return experts.map((expert) => ({
    ...expert,
    languages: JSON.parse(expert.languages),
    topics: topicsOf.get(expert.id) ?? [],
    projects: (projectsOf.get(expert.id) ?? []).sort(),
  }));
}

function listsOf(pairs: [string, string][]): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    const known = lists.get(key);
    if (known) known.push(value);
    else lists.set(key, [value]);
  }
  return lists;
}

/** The expert with this id. Throws `missing` where there is none. */
export async function expertById(read: Reader, id: string): Promise<Expert> {
  const expert = await read.selectFrom("experts").selectAll().where("id", "=", id).executeTakeFirst();
  if (!expert) throw new Problem("missing", "There is no such expert.");
  const topics = await read
    .selectFrom("expert_topics")
    .select("topic_slug")
    .where("expert_id", "=", id)
    .orderBy("position")
    .execute();
  const projects = await read
    .selectFrom("expert_projects")
    .select("project_slug")
    .where("expert_id", "=", id)
    .execute();
  return {
    ...expert,
    languages: JSON.parse(expert.languages),
    topics: topics.map((row) => row.topic_slug),
    projects: projects.map((row) => row.project_slug).sort(),
  };
}

/** What the organizer has said of an expert. */
export function fieldsOf(expert: Expert): ExpertFields {
  return {
    name: expert.name,
    kind: expert.kind,
    address: expert.address,
    topics: expert.topics,
    projects: expert.projects,
    languages: expert.languages as ExpertFields["languages"],
    timeZone: expert.time_zone,
    weekly: expert.weekly,
    awayFrom: expert.away_from,
    awayUntil: expert.away_until,
    reachedBy: expert.reached_by,
    webhook: expert.webhook,
    hidden: expert.hidden === 1,
  };
}

/**
 * What each expert has to do, by the expert's id; who has nothing is left out. Questions asked together count once, those of
 * visits in the bin do not, and what somebody gave back or passed on is no load of theirs.
 */
export async function expertLoads(read: Reader, now: Instant): Promise<Map<string, Load>> {
  const since = now - WEEK;
  const [held, steps] = await Promise.all([
    read
      .selectFrom("questions")
      .select(["expert_id", ({ fn }) => fn.countAll<number>().as("count")])
      // Written out, so that the small index of questions under way serves it.
      .where(sql<boolean>`state = 'routed'`)
      .where("hidden", "=", 0)
      .where("merged_into", "is", null)
      .groupBy("expert_id")
      .execute(),
    read
      .selectFrom("activity")
      .innerJoin("questions", "questions.id", "activity.question_id")
      .select([
        "activity.expert_id",
        sql<number>`count(DISTINCT CASE WHEN activity.step <> 'answered' THEN questions.id END)`.as("week"),
        sql<number>`count(DISTINCT CASE WHEN activity.step = 'answered' AND questions.state IN ('answered', 'closed') THEN questions.id END)`.as(
          "answered",
        ),
      ])
      .where("activity.at", ">", since)
      // Written out, so that the index of these steps serves it.
      .where(sql<boolean>`activity.step IN ('routed', 'passed on', 'answered')`)
      .whereRef("questions.expert_id", "=", "activity.expert_id")
      .where("questions.hidden", "=", 0)
      .where("questions.merged_into", "is", null)
      .groupBy("activity.expert_id")
      .execute(),
  ]);
  const loads = new Map<string, Load>();
  const of = (id: string) => {
    const load = loads.get(id) ?? { ...NO_LOAD };
    loads.set(id, load);
    return load;
  };
  for (const row of held) if (row.expert_id !== null) of(row.expert_id).held = Number(row.count);
  for (const row of steps) {
    if (row.expert_id === null) continue;
    Object.assign(of(row.expert_id), { week: Number(row.week), answered: Number(row.answered) });
  }
  return loads;
}

/** Every topic of every event, once a slug, under the name that the latest event gives it; by name. */
export async function knownTopics(read: Reader): Promise<Named[]> {
  const rows = await read
    .selectFrom("topics")
    .innerJoin("events", "events.id", "topics.event_id")
    .select(["topics.slug", "topics.name"])
    .orderBy("events.starts_on")
    .orderBy("events.slug")
    .execute();
  return onceByName(rows);
}

/** Every project of every event, likewise. */
export async function knownProjects(read: Reader): Promise<Named[]> {
  const rows = await read
    .selectFrom("projects")
    .innerJoin("events", "events.id", "projects.event_id")
    .select(["projects.slug", "projects.name"])
    .orderBy("events.starts_on")
    .orderBy("events.slug")
    .execute();
  return onceByName(rows);
}

/** A topic or a project as all events know it. */
export interface Named {
  slug: string;
  name: string;
}

function onceByName(rows: Named[]): Named[] {
  return [...new Map(rows.map((row) => [row.slug, row.name]))]
    .map(([slug, name]) => ({ slug, name }))
    .sort((a, b) => a.name.localeCompare(b.name, "en") || (a.slug < b.slug ? -1 : 1));
}

/** What has to be said of a new expert. */
export type NewExpert = Pick<ExpertFields, "name" | "kind" | "address" | "topics"> & Partial<ExpertFields>;

/** Adds an expert; gives the id. The slug comes from the name, with a number where it is taken. */
export async function addExpert(writer: Writer, fields: NewExpert, now: Instant): Promise<string> {
  const wanted = slugOf(fields.name) || "expert";
  for (let number = 1; ; number++) {
    const slug = number === 1 ? wanted : `${wanted}-${number}`;
    const id = await addExpertOnce(writer, { ...fields, slug }, now);
    if (id) return id;
  }
}

/** Adds an expert under this slug; gives the id. Undefined where somebody has it: they stay as they are. */
export async function addExpertOnce(
  writer: Writer,
  fields: NewExpert & { slug: string },
  now: Instant,
): Promise<string | undefined> {
  const id = uuidv7();
  const whole = { ...LEFT_OUT, reachedBy: usualWay({ webhook: "", ...fields }), ...fields };
  const added = await writer
    .insertInto("experts")
    .values({ id, slug: fields.slug, ...columnsOf(whole), created_at: now })
    .onConflict((taken) => taken.column("slug").doNothing())
    .executeTakeFirst();
  if (Number(added.numInsertedOrUpdatedRows) === 0) return undefined;
  await keepLists(writer, id, whole);
  return id;
}

/** A new expert where nothing else is said. */
const LEFT_OUT = {
  projects: [],
  languages: [],
  timeZone: "UTC",
  weekly: null,
  awayFrom: null,
  awayUntil: null,
  webhook: "",
  hidden: false,
} satisfies Partial<ExpertFields>;

/**
 * Changes an expert who was seen at a revision. The slug stays: exports and links name it. Throws `missing` where there is
 * none, and `conflict` where somebody else has changed them since.
 */
export async function changeExpert(
  writer: Writer,
  id: string,
  fields: ExpertFields,
  seen: number,
): Promise<void> {
  const changed = await writer
    .updateTable("experts")
    .set(({ eb }) => ({ ...columnsOf(fields), revision: eb("revision", "+", 1) }))
    .where("id", "=", id)
    .where("revision", "=", seen)
    .executeTakeFirst();
  if (Number(changed.numUpdatedRows) === 0) {
    await expertById(writer, id);
    throw new Problem("conflict", "Somebody else has changed this expert since you opened the page.");
  }
  await keepLists(writer, id, fields);
}

function columnsOf(fields: ExpertFields) {
  return {
    name: fields.name,
    kind: fields.kind,
    address: fields.address,
    languages: JSON.stringify(fields.languages),
    time_zone: fields.timeZone,
    weekly: fields.weekly,
    away_from: fields.awayFrom,
    away_until: fields.awayUntil,
    reached_by: fields.reachedBy,
    webhook: fields.webhook,
    hidden: fields.hidden ? (1 as const) : (0 as const),
  };
}

async function keepLists(
  writer: Writer,
  expertId: string,
  { topics, projects }: Pick<ExpertFields, "topics" | "projects">,
): Promise<void> {
  await writer.deleteFrom("expert_topics").where("expert_id", "=", expertId).execute();
  await writer.deleteFrom("expert_projects").where("expert_id", "=", expertId).execute();
  if (topics.length > 0) {
    await writer
      .insertInto("expert_topics")
      .values(topics.map((topic, index) => ({ expert_id: expertId, topic_slug: topic, position: index + 1 })))
      .execute();
  }
  if (projects.length > 0) {
    await writer
      .insertInto("expert_projects")
      .values(projects.map((project) => ({ expert_id: expertId, project_slug: project })))
      .execute();
  }
}
