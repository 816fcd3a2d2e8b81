import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Database } from "../../src/database/open";
import { TABLES, type Who } from "../../src/privacy/kept/rules";
import { newCode } from "../../src/visits/slips/rules";
import { aVisit, type Booth } from "./booth";
import { type Engine, NOON } from "./databases";

/** By what each of them is found, in small letters. No other text of the booth has any of it. */
export const MARKS: Record<"visitor" | "staff" | "expert", RegExp> = {
  visitor: /zuleika|markerova|marker\.example|555[\s-]?1234|badge-77123|markerworks|in-chief|tall-and-grey/,
  staff: /staffina|quillbeard/,
  expert: /xaver|pennington|pens\.example/,
};
/** By what each is named in texts. */
const NAMED = {
  visitor: "Zuleika Markerova (zuleika@marker.example)",
  staff: "Staffina Quillbeard",
  expert: "Xaver Pennington (xaver@pens.example)",
};
const EVERYBODY = `${NAMED.visitor}, ${NAMED.staff} and ${NAMED.expert}`;

export const CONTACT = {
  name: "Zuleika Markerova",
  organization: "Markerworks",
  role: "Marker-in-chief",
  email: "zuleika@marker.example",
  phone: "+43 660 555 1234",
  handle: "@zuleika.m",
  website: "https://marker.example/me",
  badge: "BADGE-77123",
  note: `tall-and-grey, knows ${NAMED.staff} and ${NAMED.expert}`,
  consent: ["follow-up", "news"] as ("follow-up" | "news")[],
};

/** Ids of those whose details are everywhere. */
export interface Marked {
  visitId: string;
  askedId: string;
  deviceId: string;
  token: string;
  expertId: string;
  questionId: string;
}

/** Fills every place that may hold somebody's details with those of a visitor, a staff member and an expert. */
export async function markEverything(booth: Booth): Promise<Marked> {
  const { db, eventId } = booth;
  const tablet = await booth.tablet("Staffina Quillbeard");
  const expertId = uuidv7();
  const [questionId, otherId, askedId] = [uuidv7(), uuidv7(), uuidv7()];
  const visit = aVisit({
    note: `Met ${EVERYBODY} before`,
    staff: "Staffina Quillbeard",
    contact: CONTACT,
    topics: ["storage"],
    remarks: ["easier-install"],
    questions: [
      {
        id: questionId,
        text: `Can you write to ${EVERYBODY} about storage?`,
        topic: "storage",
        slip: newCode(),
      },
    ],
  });
  await tablet.send(visit);
  await tablet.send({ ...visit, revision: 2, people: 2 });
  // The same revision with other words: both are kept.
  await tablet.send({ ...visit, revision: 2, people: 3 });
  const colleague = aVisit({
    note: `A colleague of ${EVERYBODY}`,
    contact: { name: "Otto", note: `Sits beside ${EVERYBODY}`, consent: [] },
    questions: [{ id: otherId, text: `What did you tell ${EVERYBODY}?` }],
  });
  await (await booth.tablet("Ada")).send(colleague);
  await db.write(async (writer) => {
    await writer
      .insertInto("experts")
      .values({
        id: expertId,
        slug: "xaver-pennington",
        name: "Xaver Pennington",
        kind: "person",
        address: "xaver@pens.example",
        webhook: "https://hooks.pens.example/xaver",
        created_at: NOON,
      })
      .execute();
    const [step, told] = [uuidv7(), uuidv7()];
    const before = JSON.stringify({ answer: `Ask ${EVERYBODY}`, state: "open" });
    await writer
      .insertInto("activity")
      .values([
        {
          id: step,
          question_id: questionId,
          at: NOON,
          actor: "organizer",
          step: "routed",
          actor_kind: "organizer",
          expert_id: expertId,
          note: `For ${EVERYBODY}`,
          before,
        },
        {
          id: uuidv7(),
          question_id: questionId,
          at: NOON,
          actor: "Xaver Pennington",
          actor_kind: "expert",
          step: "claimed",
          expert_id: expertId,
        },
        {
          id: uuidv7(),
          visit_id: visit.id,
          at: NOON,
          actor: "Staffina Quillbeard",
          actor_kind: "staff",
          step: "edited",
        },
      ])
      .execute();
    await writer
      .updateTable("questions")
      .set({
        state: "routed",
        expert_id: expertId,
        answer: `Tell ${EVERYBODY} that it does.`,
        routed_at: NOON,
        due_at: NOON,
      })
      .where("id", "=", questionId)
      .execute();
    await writer
      .insertInto("messages")
      .values([
        {
          id: told,
          kind: "routing",
          via: "hand",
          state: "held",
          expert_id: expertId,
          text: `Dear ${EVERYBODY}`,
          created_at: NOON,
          due_at: NOON,
        },
        {
          id: uuidv7(),
          kind: "answer",
          via: "mail",
          state: "waiting",
          visit_id: visit.id,
          text: `Dear ${EVERYBODY}`,
          created_at: NOON,
          due_at: NOON + 1e12,
        },
        {
          id: uuidv7(),
          kind: "answer",
          via: "mail",
          state: "delivered",
          visit_id: visit.id,
          text: `Dear ${EVERYBODY}`,
          created_at: NOON,
          due_at: NOON,
        },
      ])
      .execute();
    await writer
      .insertInto("message_steps")
      .values({ message_id: told, activity_id: step, question_id: questionId })
      .execute();
    const asked = { event_id: eventId, language: "en", asked_at: NOON };
    const left = { name: CONTACT.name, email: CONTACT.email, consent: ["follow-up"] };
    await writer
      .insertInto("visitor_questions")
      .values([
        {
          ...asked,
          id: askedId,
          code: newCode(),
          text: `Do ${EVERYBODY} work here?`,
          contact: JSON.stringify(left),
        },
        {
          ...asked,
          id: uuidv7(),
          code: newCode(),
          text: `Are ${EVERYBODY} here?`,
          contact: JSON.stringify({ name: `Otto, who came with ${EVERYBODY}`, consent: [] }),
        },
      ])
      .execute();
    await writer
      .insertInto("journal")
      .values({ id: uuidv7(), event_id: eventId, at: NOON, text: `${EVERYBODY} came by.` })
      .execute();
    await writer
      .insertInto("platforms")
      .values({
        id: uuidv7(),
        event_id: eventId,
        slug: "cloud-of-zuleika-markerova",
        name: `Cloud of ${EVERYBODY}`,
        position: 9,
      })
      .execute();
    await writer
      .insertInto("remarks")
      .values({
        id: uuidv7(),
        event_id: eventId,
        slug: "said-by-zuleika-markerova",
        name: `Said by ${EVERYBODY}`,
        position: 9,
      })
      .execute();
    await writer
      .insertInto("saved_views")
      .values({
        id: uuidv7(),
        event_id: eventId,
        name: `Of ${EVERYBODY}`,
        query: new URLSearchParams({ search: EVERYBODY, expert: "xaver-pennington" }).toString(),
        created_at: NOON,
      })
      .execute();
    await writer
      .insertInto("write_ups")
      .values({
        event_id: eventId,
        version: 1,
        front: JSON.stringify({
          title: "What we heard",
          author: EVERYBODY,
          date: "2024-02-04",
          tags: [],
          categories: [],
        }),
        text: `Thanks to ${EVERYBODY}.`,
        changed_at: NOON,
        published_at: NOON,
        published: JSON.stringify({ values: { "#quote": `“${EVERYBODY}”` }, pictures: {} }),
      })
      .execute();
    await writer
      .insertInto("write_up_texts")
      .values({
        id: uuidv7(),
        event_id: eventId,
        text: `Hello ${EVERYBODY}.`,
        kept_at: NOON,
        reason: "afresh",
      })
      .execute();
    await writer
      .insertInto("contact_exports")
      .values({
        id: uuidv7(),
        event_id: eventId,
        at: NOON,
        actor: "organizer",
        list: "follow-ups",
        format: "csv",
        filters: new URLSearchParams({ search: EVERYBODY, expert: "xaver-pennington" }).toString(),
        purpose: null,
        reason: `For ${EVERYBODY}`,
        contacts: 1,
      })
      .execute();
    await writer
      .insertInto("retentions")
      .values({ event_id: eventId, reason: `${EVERYBODY} asked for it` })
      .execute();
  });
  return { visitId: visit.id, askedId, deviceId: tablet.id, token: tablet.token, expertId, questionId };
}

/** Every column of the database in which a mark is found, as `table.column`; of every table that there is. */
export async function columnsWith({ engine, read }: Database, mark: RegExp): Promise<string[]> {
  const { rows: tables } = await (engine === "sqlite"
    ? sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
    : sql<{
        name: string;
      }>`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`
  ).execute(read);
  const found = new Set<string>();
  for (const { name } of tables) {
    const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(name)}`.execute(read);
    for (const row of rows) {
      for (const [column, value] of Object.entries(row)) {
        // What an address has is written otherwise than it is read.
        const text = Buffer.isBuffer(value)
          ? value.toString("latin1")
          : decodeURIComponent(String(value).replace(/%(?![0-9A-F]{2})/g, "%25"));
        if (mark.test(text.toLowerCase())) found.add(`${name}.${column}`);
      }
    }
  }
  return [...found].sort();
}

/** The columns that the list says may hold somebody's details, in words that can be read. */
export function columnsOf(who: Who, engine: Engine): string[] {
  return Object.entries(TABLES)
    .filter(([, table]) => (table.engine ?? engine) === engine)
    .flatMap(([name, { personal }]) =>
      Object.entries(personal ?? {})
        .filter(([, each]) => each.of.includes(who) && !each.isUnreadable)
        .map(([column]) => `${name.replace(/ of PostgreSQL$/, "")}.${column}`),
    )
    .sort();
}
