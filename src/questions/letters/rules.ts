import type { Category, ExpertKind, Instant, MessageKind, MessageState, Way } from "../../database/tables";
import { dayInWords, localTime, momentInWords, sinceInWords } from "../../events/rules";
import type { Language, Say } from "../../languages/say";
import { markdownToHtml } from "../../markdown";
import type { Letter } from "../../messages/rules";
import { type Contact, withoutPersonal } from "../personal/rules";

/** Somebody who asked. */
export interface Asker {
  questionId: string;
  text: string;
  note: string | null;
  contact: Contact | undefined;
  /** Whether they agreed to be written to about it. */
  mayBeWrittenTo: boolean;
  people: number;
}

/** A question as it stands when a message about it goes, with all who asked the same, the first of them first. */
export interface Told {
  id: string;
  /** The step by which it came into the message. */
  at: Instant;
  isByProgram: boolean;
  askers: Asker[];
  category: Category;
  topic: string | null;
  project: string | null;
  platform: string | null;
  askedAt: Instant;
  dueAt: Instant | null;
  answer: string | null;
  event: { name: string; venue: string; time_zone: string };
}

/** An expert as letters need them. */
export interface Recipient {
  name: string;
  kind: ExpertKind;
  address: string;
  webhook: string;
  time_zone: string;
  isPublic: boolean;
  /** The whole address of their private link; undefined where others cannot open it. */
  link: string | undefined;
}

/** A part of a letter, which goes as plain text and marked up. */
type Part =
  | { kind: "words"; text: string }
  | { kind: "link"; words: string; address: string }
  | { kind: "question"; number: number | undefined; text: string; facts: [string, string][] }
  | { kind: "quote"; text: string }
  | { kind: "answer"; text: string };

const CATEGORY_WORDS: Record<Category, string> = {
  existing: "uses it already",
  curious: "knew of it",
  new: "had not heard of it before",
};

const CLOSING = "Thank you for helping out.";

/**
 * What an expert is told of questions: by a message about them (`routing`), by all that they have (`digest`), or that
 * their time ran out. Contact details go to a person alone, and only where the visitor agreed. `questions` are not empty.
 */
export function letterToExpert(
  kind: Exclude<MessageKind, "answer">,
  expert: Recipient,
  questions: Told[],
  { follows, now }: { follows: string | undefined; now: Instant },
): Letter {
  const events = [...new Set(questions.map(({ event }) => event.name))];
  const from = events.length === 1 ? `${events[0]} booth` : "Booth";
  const parts: Part[] = [];
  const say = (text: string) => parts.push({ kind: "words", text });
  const many = questions.length > 1;
  const at = events.length === 1 ? ` at ${events[0]}` : "";
  if (expert.isPublic) {
    say(
      many
        ? `Hello,\n\nvisitors of our booth${at} asked what nobody there could answer. Can you?`
        : `Hello,\n\na visitor of our booth${at} asked what nobody there could answer. Can you?`,
    );
  } else if (kind === "time-out") {
    say(
      many
        ? `Hello ${expert.name},\n\nthe time for these questions from the booth${at} ran out, so they went back to the organizers. You need not do anything. If you can answer one all the same, your answer is welcome.`
        : `Hello ${expert.name},\n\nthe time for this question from the booth${at} ran out, so it went back to the organizers. You need not do anything. If you can answer it all the same, your answer is welcome.`,
    );
  } else if (kind === "digest") {
    say(
      many
        ? `Hello ${expert.name},\n\nthese ${questions.length} questions from the booth${at} are with you now, the most urgent first:`
        : `Hello ${expert.name},\n\nthis question from the booth${at} is with you now:`,
    );
  } else {
    say(
      many
        ? `Hello ${expert.name},\n\nvisitors of the booth${at} asked what you know best:`
        : `Hello ${expert.name},\n\na visitor of the booth${at} asked what you know best:`,
    );
  }
  questions.forEach((told, index) => {
    parts.push({
      kind: "question",
      number: many ? index + 1 : undefined,
      text: questionFor(expert, told),
      facts: factsFor(expert, told, { kind, now }),
    });
  });
  if (expert.isPublic) {
    say("Please answer right here: we read along, and pass it on to whoever asked. Thank you!");
  } else {
    if (expert.link) {
      const words =
        kind === "time-out"
          ? "As long as nobody else has it, you can still answer on your own page:"
          : "Answer, pass on or give back, on your own page:";
      parts.push({ kind: "link", words, address: expert.link });
      say("The link is for you alone: please do not forward it. You can also just reply to this message.");
    } else {
      say(
        kind === "time-out"
          ? "Just reply to this message: the organizers pass it on."
          : "Just reply to this message with the answer, or say that it is for somebody else: the organizers see to it.",
      );
    }
    say(CLOSING);
  }
  say(events.length === 1 ? `The booth team of ${events[0]}` : "The booth team");
  const isAutomatic = kind !== "routing" || questions.every((told) => told.isByProgram);
  return {
    ...rendered(parts, "en"),
    to: { name: expert.name, address: expert.address, webhook: expert.webhook },
    from,
    subject: subjectFor(kind, expert, questions, events),
    language: "en",
    // What the organizer looked at and posts is the organizer's own.
    isAutomatic: isAutomatic && !expert.isPublic,
    isPublic: expert.isPublic,
    follows,
    about: questions.flatMap((told) => told.askers.map(({ questionId }) => questionId)),
  };
}

function subjectFor(kind: MessageKind, expert: Recipient, questions: Told[], events: string[]): string {
  const mark = events.length === 1 ? `[${events[0]}] ` : "";
  const [first] = questions as [Told];
  const about = first.topic ? ` about ${first.topic}` : "";
  const isOneTopic = questions.every(({ topic }) => topic === first.topic);
  if (kind === "digest") {
    return `${mark}${questions.length === 1 ? "A question is" : `${questions.length} questions are`} with you`;
  }
  if (kind === "time-out") {
    return `${mark}${questions.length === 1 ? `A question${about}` : `${questions.length} questions`} went back to the organizers`;
  }
  if (questions.length > 1) return `${mark}${questions.length} questions${isOneTopic ? about : ""}`;
  return `${mark}Question${about}: ${excerpt(subjectText(expert, first), 70)}`;
}

/** Subjects are seen by more than those who are meant: in lists of mail, on locked screens. */
function subjectText(expert: Recipient, told: Told): string {
  return withoutPersonal(questionFor(expert, told), contactsOf(told));
}

/** The start of a text in one line. */
export function excerpt(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= most) return line;
  const cut = line.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "");
  return `${cut.replace(/\s+\S{0,15}$/, "")}…`;
}

function contactsOf(told: Told): Contact[] {
  return told.askers.flatMap(({ contact }) => contact ?? []);
}

/** The words of a question as this expert may read them. */
function questionFor(expert: Recipient, told: Told): string {
  const [first] = told.askers as [Asker];
  if (expert.isPublic) return withoutPersonal(first.text, contactsOf(told), "details");
  return forPerson(first.text, first, told);
}

/** What somebody said, for a person to read: whole where they agreed to be written to. */
function forPerson(text: string, asker: Asker, told: Told): string {
  const others = told.askers.filter((each) => each !== asker && !each.mayBeWrittenTo);
  if (asker.mayBeWrittenTo) {
    return withoutPersonal(
      text,
      others.flatMap(({ contact }) => contact ?? []),
      "details",
    );
  }
  return withoutPersonal(text, contactsOf(told));
}

function factsFor(
  expert: Recipient,
  told: Told,
  { kind, now }: { kind: MessageKind; now: Instant },
): [string, string][] {
  const facts: [string, string | undefined][] = [
    ["Topic", told.topic ?? undefined],
    ["Project", told.project ?? undefined],
    ["Coming from", told.platform ?? undefined],
    ["The visitor", CATEGORY_WORDS[told.category]],
    ["Asked by", told.askers.length > 1 ? `${told.askers.length} visitors` : undefined],
  ];
  const when = momentInWords(told.askedAt, told.event.time_zone, now);
  const where = told.event.venue ? `${told.event.name}, ${told.event.venue}` : told.event.name;
  if (!expert.isPublic) {
    const [first, ...more] = told.askers as [Asker, ...Asker[]];
    if (more.length > 0) {
      const wordings = more.map((asker) => forPerson(asker.text, asker, told));
      const others = [...new Set(wordings)].filter((text) => text !== questionFor(expert, told));
      facts.push([
        "In other words",
        others
          .slice(0, 3)
          .map((text) => excerpt(text, 200))
          .join(" · ") || undefined,
      ]);
    }
    facts.push(["Note", first.note ? forPerson(first.note, first, told) : undefined]);
    facts.push(["Asked", `${when}, ${where}`]);
    const willing = told.askers.filter((asker) => asker.mayBeWrittenTo && asker.contact);
    for (const { contact } of willing.slice(0, 5)) {
      facts.push(["May be written to", contact && contactInWords(contact)]);
    }
    if (told.dueAt !== null && kind !== "time-out") {
      // The instant is the end of the day: the day itself is said.
      facts.push(["Please answer by", dayInWords(localTime(told.dueAt - 1, expert.time_zone).day)]);
    }
  } else {
    facts.push(["Asked", `${when}, ${where}`]);
  }
  return facts.filter((fact): fact is [string, string] => !!fact[1]);
}

/** A contact in one line: "Zoë Dyk, Engineer, ACME, zoe@example.org". */
export function contactInWords(contact: Contact): string {
  const { name, role, organization, email, phone, handle, website } = contact;
  return [name, role, organization, email, phone, handle, website].filter(Boolean).join(", ");
}

/** The order in which a digest tells: what is due first stands first, then what was asked first. */
export function byUrgency(a: Told, b: Told): number {
  const [one, other] = [a.dueAt ?? Number.MAX_SAFE_INTEGER, b.dueAt ?? Number.MAX_SAFE_INTEGER];
  return one - other || a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1);
}

/**
 * An answer for the visitor who asked, in their language. `slip`: the address where it can be read too; `own`: that of the page
 * on which they see what is kept of them.
 */
export function letterToVisitor(
  told: Told & { answer: string },
  asker: Asker,
  {
    say,
    language,
    slip,
    own,
    follows,
  }: {
    say: Say;
    language: Language;
    slip: string | undefined;
    own?: string;
    follows: string | undefined;
  },
): Letter {
  const event = told.event.name;
  const name = asker.contact?.name?.trim();
  const parts: Part[] = [
    { kind: "words", text: name ? say("letter.hello-name", { name }) : say("letter.hello") },
    { kind: "words", text: follows ? say("letter.changed", { event }) : say("letter.asked", { event }) },
    { kind: "quote", text: asker.text },
    { kind: "words", text: say("letter.answer") },
    { kind: "answer", text: told.answer },
  ];
  if (slip) parts.push({ kind: "link", words: say("letter.slip"), address: slip });
  parts.push({ kind: "words", text: say("letter.more") });
  parts.push({ kind: "words", text: say("letter.team", { event }) });
  parts.push({ kind: "words", text: say("letter.why") });
  if (own) parts.push({ kind: "link", words: say("letter.own"), address: own });
  return {
    ...rendered(parts, language),
    to: { name: name ?? "", address: asker.contact?.email?.trim() ?? "", webhook: "" },
    from: say("letter.from", { event }),
    subject: say("letter.subject", { event }),
    language,
    isAutomatic: false,
    isPublic: false,
    follows,
    about: [asker.questionId],
  };
}

/** A letter in the words that the organizer gave it. */
export function reworded(letter: Letter, text: string): Letter {
  return {
    ...letter,
    ...rendered(
      text.split(/\n{2,}/).map((each) => ({ kind: "words", text: each })),
      letter.language,
    ),
  };
}

function rendered(parts: Part[], language: string): Pick<Letter, "text" | "html"> {
  const text = parts.map(asText).join("\n\n");
  const body = parts.map(asHtml).join("\n");
  return {
    text: `${text}\n`,
    html: `<!doctype html>\n<html lang="${language}"><head><meta charset="utf-8"></head><body style="font-family: system-ui, sans-serif; line-height: 1.5; max-width: 40em">\n${body}\n</body></html>\n`,
  };
}

function asText(part: Part): string {
  switch (part.kind) {
    case "words":
      return part.text;
    case "answer":
      return part.text.trim();
    case "link":
      return `${part.words}\n${part.address}`;
    case "quote":
      return part.text
        .trim()
        .split(/\r?\n/)
        .map((line) => `> ${line}`)
        .join("\n");
    case "question": {
      const mark = part.number === undefined ? "" : `${part.number}. `;
      const indent = part.number === undefined ? "  " : "   ";
      const [first = "", ...more] = part.text.trim().split(/\r?\n/);
      const lines = [mark + first, ...more.map((line) => (mark ? indent + line : line))];
      const facts = part.facts.map(
        ([name, value]) => `${indent}${name}: ${value.replace(/\s*\n\s*/g, " / ")}`,
      );
      return [...lines, "", ...facts].join("\n");
    }
  }
}

const QUOTE = "margin: 0 0 1em; padding: 0 0 0 1em; border-left: 4px solid #f0a81e";

function asHtml(part: Part): string {
  switch (part.kind) {
    case "words":
      return part.text
        .split(/\n{2,}/)
        .map((each) => `<p>${linked(each)}</p>`)
        .join("\n");
    case "answer":
      return `<div style="${QUOTE}">${markdownToHtml(part.text)}</div>`;
    case "link":
      return `<p>${escaped(part.words)}<br><a href="${escaped(part.address)}">${escaped(part.address)}</a></p>`;
    case "quote":
      return `<blockquote style="${QUOTE}"><p>${linked(part.text.trim())}</p></blockquote>`;
    case "question": {
      const mark = part.number === undefined ? "" : `${part.number}. `;
      const facts = part.facts.map(([name, value]) => `${escaped(name)}: ${linked(value)}`);
      return `<blockquote style="${QUOTE}"><p><strong>${mark}${linked(part.text.trim())}</strong></p>\n<p>${facts.join("<br>\n")}</p></blockquote>`;
    }
  }
}

function escaped(text: string): string {
  const names: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => names[character] as string);
}

/** Text as markup, with web addresses as links and lines as they were. */
function linked(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:!?])/)
    .map((piece, index) => (index % 2 ? `<a href="${escaped(piece)}">${escaped(piece)}</a>` : escaped(piece)))
    .join("")
    .replace(/\r?\n/g, "<br>\n");
}

/** The `mailto:` address that opens a letter in a mail program; undefined where it is longer than programs take. */
export function mailtoOf(letter: Letter): string | undefined {
  if (!letter.to.address) return undefined;
  const body = letter.text.replace(/\r?\n/g, "\r\n");
  const address = `mailto:${encodeURIComponent(letter.to.address).replaceAll("%40", "@")}?subject=${encodeURIComponent(letter.subject)}&body=${encodeURIComponent(body)}`;
  return address.length <= 1900 ? address : undefined;
}

/** Why a message is there, as the organizer reads it before its recipient's name. */
export function whatItIs(kind: MessageKind, questions: number): string {
  return kind === "routing" && questions === 1 ? "A question for" : KIND_WORDS[kind];
}

const KIND_WORDS: Record<MessageKind, string> = {
  routing: "Questions for",
  digest: "All that is with",
  "time-out": "Time ran out for",
  answer: "The answer for",
};

/** What the organizer needs to know of a message to say how it stands. */
interface Standing {
  state: MessageState;
  via: Way;
  created_at: Instant;
  due_at: Instant;
  attempts: number;
  tried_at: Instant | null;
  delivered_at: Instant | null;
  problem: string | null;
}

/** How a message stands, and what comes next. `canGo`: its way is open, by the settings and the moment. */
export function standingInWords(
  message: Standing,
  { zone, now, canGo, isPublic }: { zone: string; now: Instant; canGo: boolean; isPublic: boolean },
): string {
  const at = (instant: Instant) => sinceInWords(instant, zone, now);
  const tries = message.attempts === 1 ? "Tried once" : `Tried ${message.attempts} times`;
  const why = message.problem ? ` ${message.problem}` : "";
  switch (message.state) {
    case "held":
      if (isPublic) return "Everybody reads it there: have a last look before it goes.";
      return "It goes by your hand: copy it, or open it in your mail program.";
    case "waiting":
      if (message.attempts > 0) {
        return `${tries}, last at ${at(message.tried_at ?? now)}.${why} ${canGo ? `Next try at ${at(Math.max(message.due_at, now))}.` : ""}`.trim();
      }
      if (!canGo) return "It waits until its way is open, or for your hand.";
      return message.due_at > now
        ? `It goes at ${at(message.due_at)}, so that the step can still be taken back until then.`
        : "It goes within seconds.";
    case "sending":
      return `It is on its way since ${at(message.tried_at ?? now)}.`;
    case "delivered":
      return `Delivered at ${at(message.delivered_at ?? now)}.`;
    case "failed":
      return `It did not arrive.${why}`;
    case "uncertain":
      return `Nobody knows whether it arrived.${why} Look there, then say so here: a chat would show it twice.`;
    case "cancelled":
      return `Cancelled.${why}`;
  }
}
