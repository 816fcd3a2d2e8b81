import type { Database, Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import {
  addExpert,
  addExpertOnce,
  changeExpert,
  fieldsOf,
  knownProjects,
  knownTopics,
  listExperts,
} from "../store";
import { type Around, type ReadFile, readExperts } from "./form";
import { type FiledExpert, type Match, type Plan, planOf, sealOf } from "./rules";

/** All experts as a file has them, in the same order on every machine. */
export async function filedExperts(read: Reader): Promise<FiledExpert[]> {
  const experts = await listExperts(read);
  return experts
    .map((expert) => ({ slug: expert.slug, ...fieldsOf(expert) }))
    .sort((a, b) => before(a.name, b.name) || before(a.slug, b.slug));
}

function before(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Reads a file, and what it would do to the directory as it stands. Changes nothing. */
export async function planImport(
  read: Reader,
  bytes: Uint8Array,
  timeZone: string,
): Promise<{ file: ReadFile; plan: Plan; experts: Match[] }> {
  const known = await around(read, timeZone);
  const file = readExperts(bytes, known);
  return { file, plan: planOf(file.lines), experts: known.experts };
}

/**
 * Brings in what a file says, in one transaction: nothing but what was shown, which `seal` tells. Throws `conflict` where
 * the directory has changed since, so that it would be something else.
 */
export async function bringIn(
  db: Database,
  bytes: Uint8Array,
  timeZone: string,
  seal: string,
  now: Instant,
): Promise<Plan> {
  // A long file is read before the transaction, which then only looks whether everybody is as they were.
  const { plan, experts } = await planImport(db.read, bytes, timeZone);
  const isElse = new Problem(
    "conflict",
    "The directory was changed meanwhile. This is what the file would do now.",
  );
  if (sealOf(plan) !== seal) throw isElse;
  const { added, changed } = plan;
  await db.write(async (writer) => {
    const there = await writer.selectFrom("experts").select(["id", "revision"]).execute();
    const revisions = new Map(there.map(({ id, revision }) => [id, revision]));
    const isAsBefore = experts.every(({ id, revision }) => revisions.get(id) === revision);
    if (!isAsBefore || there.length !== experts.length) throw isElse;
    for (const { match, fields } of changed) await changeExpert(writer, match.id, fields, match.revision);
    // Those who bring a short name first: it is theirs, and not for somebody whose is made from the name.
    for (const { slug, fields } of added) if (slug) await addExpertOnce(writer, { ...fields, slug }, now);
    for (const { slug, fields } of added) if (!slug) await addExpert(writer, fields, now);
  });
  return plan;
}

async function around(read: Reader, timeZone: string): Promise<Around> {
  const [topics, projects, experts] = await Promise.all([
    knownTopics(read),
    knownProjects(read),
    listExperts(read),
  ]);
  const matches = experts.map(
    (expert): Match => ({
      id: expert.id,
      slug: expert.slug,
      revision: expert.revision,
      ...fieldsOf(expert),
    }),
  );
  return { topics, projects, experts: matches, timeZone };
}
