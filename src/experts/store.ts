import { type Selectable, sql } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../database/door";
import type { Reader } from "../database/open";
import type { ExpertsTable, Instant } from "../database/tables";
import { Problem } from "../errors";
import { slugOf } from "../events/rules";
import type { ExpertFields } from "./form";

/** An expert with the slugs of the topics that they answer on, in the order in which they were named. */
export interface Expert extends Selectable<ExpertsTable> {
  topics: string[];
}

/** All experts by name, those who are no longer offered last. */
export async function listExperts(read: Reader): Promise<Expert[]> {
  const [experts, topics] = await Promise.all([
    read.selectFrom("experts").selectAll().orderBy("hidden").orderBy("name").orderBy("slug").execute(),
    read.selectFrom("expert_topics").selectAll().orderBy("expert_id").orderBy("position").execute(),
  ]);
  const topicsOf = new Map<string, string[]>();
  for (const { expert_id, topic_slug } of topics) {
    const known = topicsOf.get(expert_id);
    if (known) known.push(topic_slug);
    else topicsOf.set(expert_id, [topic_slug]);
  }
  return experts.map((expert) => ({ ...expert, topics: topicsOf.get(expert.id) ?? [] }));
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
  return { ...expert, topics: topics.map((row) => row.topic_slug) };
}

/** How many questions each expert has now, by the expert's id. */
export async function questionsHeld(read: Reader): Promise<Map<string, number>> {
  const rows = await read
    .selectFrom("questions")
    .select(["expert_id", ({ fn }) => fn.countAll<number>().as("count")])
    // Written out, so that the small index of questions under way serves it.
    .where(sql<boolean>`state = 'routed'`)
    .where("hidden", "=", 0)
    .groupBy("expert_id")
    .execute();
  return new Map(rows.flatMap((row) => (row.expert_id === null ? [] : [[row.expert_id, Number(row.count)]])));
}

/** Every topic of every event, once a slug, under the name that the latest event gives it; by name. */
export async function knownTopics(read: Reader): Promise<{ slug: string; name: string }[]> {
  const rows = await read
    .selectFrom("topics")
    .innerJoin("events", "events.id", "topics.event_id")
    .select(["topics.slug", "topics.name"])
    .orderBy("events.starts_on")
    .orderBy("events.slug")
    .execute();
  return [...new Map(rows.map((row) => [row.slug, row.name]))]
    .map(([slug, name]) => ({ slug, name }))
    .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** Adds an expert; gives the id. The slug comes from the name, with a number where it is taken. */
export async function addExpert(writer: Writer, fields: ExpertFields, now: Instant): Promise<string> {
  const id = uuidv7();
  const { topics, hidden, ...named } = fields;
  const wanted = slugOf(fields.name) || "expert";
  for (let number = 1; ; number++) {
    const slug = number === 1 ? wanted : `${wanted}-${number}`;
    const added = await writer
      .insertInto("experts")
      .values({ id, slug, ...named, hidden: hidden ? 1 : 0, created_at: now })
      .onConflict((taken) => taken.column("slug").doNothing())
      .executeTakeFirst();
    if (Number(added.numInsertedOrUpdatedRows) > 0) break;
  }
  await keepTopics(writer, id, topics);
  return id;
}

/** Changes an expert. The slug stays: exports and links name it. Throws `missing` where there is none. */
export async function changeExpert(writer: Writer, id: string, fields: ExpertFields): Promise<void> {
  const { topics, hidden, ...named } = fields;
  const changed = await writer
    .updateTable("experts")
    .set({ ...named, hidden: hidden ? 1 : 0 })
    .where("id", "=", id)
    .executeTakeFirst();
  if (Number(changed.numUpdatedRows) === 0) throw new Problem("missing", "There is no such expert.");
  await keepTopics(writer, id, topics);
}

async function keepTopics(writer: Writer, expertId: string, topics: string[]): Promise<void> {
  await writer.deleteFrom("expert_topics").where("expert_id", "=", expertId).execute();
  if (topics.length === 0) return;
  await writer
    .insertInto("expert_topics")
    .values(topics.map((topic, index) => ({ expert_id: expertId, topic_slug: topic, position: index + 1 })))
    .execute();
}
