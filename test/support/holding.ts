import { uuidv7 } from "uuidv7";
import type { ExpertKind } from "../../src/database/tables";
import { linkOf } from "../../src/experts/links/store";
import { expertById } from "../../src/experts/store";
import type { Taker } from "../../src/questions/rules";
import { takeStep } from "../../src/questions/steps/store";
import { questionById } from "../../src/questions/store";
import type { SentVisit } from "../../src/visits/form";
import { aVisit, type Booth, type Tablet } from "./booth";
import { NOON } from "./databases";

export const ORGANIZER: Taker = { kind: "organizer", name: "organizer" };

/** An expert with a private link, as tests need one. */
export interface Holder {
  id: string;
  name: string;
  /** `/x/TOKEN` */
  link: string;
}

export async function anExpert(
  booth: Booth,
  name: string,
  given: { kind?: ExpertKind; topics?: string[]; hidden?: boolean } = {},
): Promise<Holder> {
  const id = uuidv7();
  const { kind = "person", topics = [], hidden = false } = given;
  await booth.db.write(async (writer) => {
    const slug = name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
    const rest = { weekly: null, away_from: null, away_until: null, created_at: NOON };
    await writer
      .insertInto("experts")
      .values({ id, slug, name, kind, hidden: hidden ? 1 : 0, time_zone: "Europe/Brussels", ...rest })
      .execute();
    for (const [index, topic] of topics.entries()) {
      const row = { expert_id: id, topic_slug: topic, position: index + 1 };
      await writer.insertInto("expert_topics").values(row).execute();
    }
  });
  const link = await linkOf(booth.db, await expertById(booth.db.read, id));
  return { id, name, link: link as string };
}

/** A question of a visitor on VMware who agreed to be written to; gives its id. */
export async function asked(
  tablet: Tablet,
  text: string,
  given: Partial<SentVisit> & { topic?: string } = {},
): Promise<string> {
  const id = uuidv7();
  const { topic = "storage", ...visit } = given;
  const contact = { name: "Renée", email: "renee@visitor.example", consent: ["follow-up" as const] };
  const [result] = await tablet.send(
    aVisit({ platform: "vmware", contact, ...visit, questions: [{ id, text, topic: topic || undefined }] }),
  );
  if (result?.status !== "recorded") throw new Error(`not recorded: ${JSON.stringify(result)}`);
  return id;
}

/** Takes a step as somebody, with the question as it stands. */
export async function steps(
  booth: Booth,
  questionId: string,
  step: Parameters<typeof takeStep>[2]["step"],
  given: { to?: Holder; note?: string; by?: Taker; now?: number } = {},
): Promise<string> {
  const { version } = await questionById(booth.db.read, questionId);
  const { to, note, by = ORGANIZER, now = NOON } = given;
  return booth.db.write((writer) =>
    takeStep(writer, questionId, { step, shown: version, expertId: to?.id, note, by, now }),
  );
}
