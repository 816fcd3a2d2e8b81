import type { Database, Reader } from "../../database/open";
import type { ExpertKind, Instant } from "../../database/tables";
import { linkOf } from "../../experts/links/store";
import { isPublic } from "../../experts/rules";
import { expertById } from "../../experts/store";
import { isLanguage, sayIn } from "../../http/languages";
import type { Letter } from "../../messages/rules";
import { firstAbout, type Message, stepsOf } from "../../messages/store";
import { ownCodeOf } from "../../visits/codes/store";
import { codeInGroups } from "../../visits/slips/rules";
import { type Contact, withoutPersonal } from "../personal/rules";
import { type Asker, byUrgency, letterToExpert, letterToVisitor, reworded, type Told } from "./rules";

/** What wording goes by besides the database. */
interface Around {
  publicUrl?: string;
  now: Instant;
}

/** A message as it would go now. */
export interface Worded {
  letter: Letter;
  /** The contacts of all who asked: what must not stand where everybody reads it. */
  contacts: Contact[];
}

/**
 * Puts a message into words, from what its questions say now. A question that is not with the expert any more, was
 * answered already or whose visitor no longer wants it drops out; undefined where nothing is left to tell.
 */
export async function worded(db: Database, message: Message, around: Around): Promise<Worded | undefined> {
  return message.visit_id
    ? wordedForVisitor(db.read, message, message.visit_id, around)
    : wordedForExpert(db, message, message.expert_id as string, around);
}

/** The letter alone, in the words that the organizer gave it where there are such. */
export async function letterOf(db: Database, message: Message, around: Around): Promise<Letter | undefined> {
  const found = await worded(db, message, around);
  return found && inOrganizersWords(found, message);
}

/** A letter with the words that the organizer gave it. What a visitor left of themselves goes to no public place with them. */
export function inOrganizersWords({ letter, contacts }: Worded, { text }: Pick<Message, "text">): Letter {
  if (text === null) return letter;
  return reworded(letter, letter.isPublic ? withoutPersonal(text, contacts, "details") : text);
}

async function wordedForExpert(
  db: Database,
  message: Message,
  expertId: string,
  { publicUrl, now }: Around,
): Promise<Worded | undefined> {
  const kind = message.kind === "answer" ? "routing" : message.kind;
  const expert = await expertById(db.read, expertId);
  const all = await toldIn(db.read, message.id);
  const questions = all.filter((told) =>
    kind === "time-out"
      ? told.expertId !== expertId && (told.state === "open" || told.state === "routed")
      : told.state === "routed" && told.expertId === expertId,
  );
  if (questions.length === 0) return undefined;
  if (kind === "digest") questions.sort(byUrgency);
  const path = publicUrl && !isPublic(expert.kind) ? await linkOf(db, expert) : undefined;
  const recipient = {
    name: expert.name,
    kind: expert.kind,
    address: /@/.test(expert.address) ? expert.address : "",
    webhook: expert.webhook,
    time_zone: expert.time_zone,
    isPublic: isPublic(expert.kind),
    link: path && `${publicUrl}${path}`,
  };
  const ids = questions.flatMap((told) => told.askers.map(({ questionId }) => questionId));
  const follows = await firstAbout(db.read, message, ids);
  return {
    letter: letterToExpert(kind, recipient, questions, { follows, now }),
    contacts: questions.flatMap((told) => told.askers.flatMap(({ contact }) => contact ?? [])),
  };
}

async function wordedForVisitor(
  read: Reader,
  message: Message,
  visitId: string,
  { publicUrl }: Around,
): Promise<Worded | undefined> {
  const [told] = (await toldIn(read, message.id)).filter(({ answer }) => answer !== null);
  const asker = told?.askers.find((each) => each.visitId === visitId);
  if (told?.answer == null || !asker?.mayBeWrittenTo || !asker.contact) return undefined;
  const [slip, own, follows] = await Promise.all([
    read
      .selectFrom("slips")
      .select(["code", "language"])
      .where("question_id", "=", asker.questionId)
      .executeTakeFirst(),
    ownCodeOf(read, { visitId }),
    firstAbout(read, message, [asker.questionId]),
  ]);
  const language = isLanguage(slip?.language) ? slip.language : "en";
  return {
    letter: letterToVisitor({ ...told, answer: told.answer }, asker, {
      say: sayIn(language),
      language,
      slip: slip && publicUrl ? `${publicUrl}/s/${codeInGroups(slip.code)}` : undefined,
      own: own && publicUrl ? `${publicUrl}/me/${codeInGroups(own)}` : undefined,
      follows,
    }),
    contacts: [asker.contact],
  };
}

type ToldNow = Omit<Told, "askers"> & {
  state: string;
  expertId: string | null;
  askers: (Asker & { visitId: string })[];
};

/**
 * The questions that a message tells of, each once with all who asked the same, as they stand now; those in the bin are
 * left out. In the order of the steps that brought them into the message.
 */
async function toldIn(read: Reader, messageId: string): Promise<ToldNow[]> {
  const steps = await stepsOf(read, [messageId]);
  const ids = [...new Set(steps.map((step) => step.question_id))];
  if (ids.length === 0) return [];
  const named = await read
    .selectFrom("questions")
    .select(({ fn }) => fn.coalesce("merged_into", "id").as("head"))
    .where("id", "in", ids)
    .execute();
  const heads = [...new Set(named.map(({ head }) => head as string))];
  const rows = await askedTogether(read, heads);
  const visits = rows.map((row) => row.visit_id);
  const willing = new Set(
    (
      await read
        .selectFrom("contact_consents")
        .select("visit_id")
        .where("visit_id", "in", visits.length > 0 ? visits : [""])
        .where("purpose", "=", "follow-up")
        .execute()
    ).map(({ visit_id }) => visit_id),
  );
  return heads
    .flatMap((head) => {
      const asked = rows.filter((row) => (row.merged_into ?? row.id) === head);
      // The head's own visit may be in the bin while others asked the same.
      const first = asked.find((row) => row.id === head) ?? asked[0];
      if (!first) return [];
      const own = new Set(asked.map((row) => row.id));
      const brought = steps.filter((step) => own.has(step.question_id));
      return {
        id: head,
        at: Math.min(...brought.map((step) => step.at)),
        isByProgram: brought.every((step) => step.actor_kind === "program"),
        state: first.state,
        expertId: first.expert_id,
        askers: [first, ...asked.filter((row) => row !== first)].map((row) => ({
          questionId: row.id,
          visitId: row.visit_id,
          text: row.text,
          note: row.note,
          people: row.people,
          mayBeWrittenTo: willing.has(row.visit_id),
          contact: row.contact_of === null ? undefined : contactOf(row),
        })),
        category: first.category,
        topic: first.topic,
        project: first.project,
        platform: first.platform,
        askedAt: first.asked_at,
        dueAt: first.due_at,
        answer: first.answer,
        event: { name: first.event, venue: first.venue, time_zone: first.time_zone },
      };
    })
    .sort((a, b) => a.at - b.at || a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1));
}

/** Questions and those that are asked together with them, with what is known around each. */
function askedTogether(read: Reader, heads: string[]) {
  return read
    .selectFrom("questions")
    .innerJoin("visits", "visits.id", "questions.visit_id")
    .innerJoin("events", "events.id", "questions.event_id")
    .leftJoin("topics", "topics.id", "questions.topic_id")
    .leftJoin("projects", "projects.id", "visits.project_id")
    .leftJoin("platforms", "platforms.id", "visits.platform_id")
    .leftJoin("contacts", "contacts.visit_id", "questions.visit_id")
    .select([
      "questions.id",
      "questions.visit_id",
      "questions.text",
      "questions.state",
      "questions.expert_id",
      "questions.merged_into",
      "questions.asked_at",
      "questions.due_at",
      "questions.answer",
      "visits.category",
      "visits.people",
      "visits.note",
      "events.name as event",
      "events.venue",
      "events.time_zone",
      "topics.name as topic",
      "projects.name as project",
      "platforms.name as platform",
      "contacts.visit_id as contact_of",
      "contacts.name",
      "contacts.organization",
      "contacts.role",
      "contacts.email",
      "contacts.phone",
      "contacts.handle",
      "contacts.website",
      "contacts.badge",
    ])
    .where("questions.hidden", "=", 0)
    .where(({ or, eb }) => or([eb("questions.id", "in", heads), eb("questions.merged_into", "in", heads)]))
    .orderBy("questions.asked_at")
    .orderBy("questions.id")
    .execute();
}

function contactOf(row: Contact): Contact {
  const { name, organization, role, email, phone, handle, website, badge } = row;
  return { name, organization, role, email, phone, handle, website, badge };
}

/** A message with who gets it and what it is about, as lists show it. */
export interface MessageRow extends Message {
  recipient: string;
  expert: { id: string; name: string; kind: ExpertKind; address: string } | undefined;
  visitor:
    | { name: string | null; email: string | null; phone: string | null; handle: string | null }
    | undefined;
  questions: { id: string; text: string; event_id: string }[];
}

/** Messages with what lists show of them, in the same order. */
export async function messageRows(read: Reader, messages: Message[]): Promise<MessageRow[]> {
  if (messages.length === 0) return [];
  const ids = messages.map(({ id }) => id);
  const [experts, visitors, questions] = await Promise.all([
    read
      .selectFrom("experts")
      .select(["id", "name", "kind", "address"])
      .where("id", "in", [...new Set(messages.map(({ expert_id }) => expert_id ?? ""))])
      .execute(),
    read
      .selectFrom("contacts")
      .select(["visit_id", "name", "email", "phone", "handle"])
      .where("visit_id", "in", [...new Set(messages.map(({ visit_id }) => visit_id ?? ""))])
      .execute(),
    read
      .selectFrom("message_steps")
      .innerJoin("questions", "questions.id", "message_steps.question_id")
      .select(["message_steps.message_id", "questions.id", "questions.text", "questions.event_id"])
      .distinct()
      .where("message_steps.message_id", "in", ids)
      // Those that another one stands for are told of with it.
      .where("questions.merged_into", "is", null)
      .orderBy("questions.id")
      .execute(),
  ]);
  return messages.map((message) => {
    const expert = experts.find(({ id }) => id === message.expert_id);
    const visitor = visitors.find(({ visit_id }) => visit_id === message.visit_id);
    return {
      ...message,
      expert,
      visitor,
      recipient: expert?.name ?? visitor?.name ?? "A visitor",
      questions: questions.filter(({ message_id }) => message_id === message.id),
    };
  });
}
