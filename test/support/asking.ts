import { uuidv7 } from "uuidv7";
import type { ExpertsTable, Tables } from "../../src/database/tables";
import { deliverNext, openWays } from "../../src/delivery/loop";
import type { Outcome } from "../../src/messages/rules";
import { letterOf } from "../../src/questions/letters/store";
import type { Step } from "../../src/questions/rules";
import { takeStep } from "../../src/questions/steps/store";
import type { SentVisit } from "../../src/visits/form";
import { aVisit, type Booth, type Tablet } from "./booth";

/** Later than any grace: what waits for its time is due. */
export const SOON = 11 * 60_000;

const tablets = new WeakMap<Booth, Promise<Tablet>>();

/** A visitor asks at the booth; gives the question's id. `given`: what else is said of the visit. */
export async function ask(
  booth: Booth,
  text = "Which disk?",
  { topic, ...given }: Partial<SentVisit> & { topic?: string } = {},
): Promise<string> {
  const tablet = tablets.get(booth) ?? booth.tablet();
  tablets.set(booth, tablet);
  const id = uuidv7();
  const [result] = await (await tablet).send(
    aVisit({
      happenedAt: new Date(booth.deps.now()).toISOString(),
      ...given,
      questions: [{ id, text, topic }],
    }),
  );
  if (result?.status !== "recorded") throw new Error(`The visit was not recorded: ${JSON.stringify(result)}`);
  return id;
}

/** Somebody who answers: a person who is reached by mail, where nothing else is said. Gives the id. */
export async function addAnswerer(
  booth: Booth,
  given: Partial<{ [Column in keyof ExpertsTable]: unknown }> = {},
): Promise<string> {
  const id = uuidv7();
  const name = String(given.name ?? "Kai");
  const values = {
    id,
    slug: `expert-${id}`,
    name,
    kind: "person",
    address: "kai@experts.example",
    reached_by: "mail",
    time_zone: "Europe/Brussels",
    created_at: booth.deps.now(),
    ...given,
  } as unknown as Tables["experts"];
  await booth.db.write((writer) =>
    writer
      .insertInto("experts")
      .values(values as never)
      .execute(),
  );
  return id;
}

/** The organizer takes a step with a question, as it stands. */
export async function step(
  booth: Booth,
  questionId: string,
  taken: Step,
  { expertId, note }: { expertId?: string; note?: string } = {},
): Promise<string> {
  const { version } = await booth.db.read
    .selectFrom("questions")
    .select("version")
    .where("id", "=", questionId)
    .executeTakeFirstOrThrow();
  return booth.db.write((writer) =>
    takeStep(writer, questionId, {
      step: taken,
      shown: version,
      expertId,
      note,
      by:
        taken === "timed out"
          ? { kind: "program", name: "Boothlight" }
          : { kind: "organizer", name: "organizer" },
      now: booth.deps.now(),
    }),
  );
}

/** The messages of a booth, in the order in which they were made. */
export const messagesOf = (booth: Booth) =>
  booth.db.read.selectFrom("messages").selectAll().orderBy("created_at").orderBy("id").execute();

/** Delivers all that is due on a way; gives what became of each try. */
export async function deliver(booth: Booth, via: "mail" | "webhook" = "mail"): Promise<Outcome[]> {
  const carry = (await openWays(booth.deps))[via];
  if (!carry) throw new Error(`The booth has no ${via}.`);
  const outcomes: Outcome[] = [];
  for (;;) {
    const outcome = await deliverNext(booth.deps, via, carry, (message) =>
      letterOf(booth.db, message, { publicUrl: booth.deps.config.publicUrl, now: booth.deps.now() }),
    );
    if (!outcome) return outcomes;
    outcomes.push(outcome);
  }
}
