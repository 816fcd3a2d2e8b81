import { momentInWords } from "../../events/rules";
import type { Language, MessageKey, Say } from "../../languages/say";
import { dayInFull, TOLD_WORDS, toldOf } from "../../questions/slips/rules";
import { CORRECTABLE } from "./form";
import type { Kept } from "./store";

/** The details that there may be of somebody, in the order in which they are shown. */
export const DETAILS = [...CORRECTABLE, "badge", "note"] as const;

const DETAIL_WORDS = {
  name: "visit.contact-name",
  organization: "visit.contact-organization",
  role: "visit.contact-role",
  email: "visit.contact-email",
  phone: "visit.contact-phone",
  handle: "visit.contact-handle",
  website: "visit.contact-website",
  badge: "visit.contact-badge",
  note: "own.note",
} as const satisfies Record<(typeof DETAILS)[number], MessageKey>;

/** What a detail is called. */
export const nameOfDetail = (say: Say, field: (typeof DETAILS)[number]) => say(DETAIL_WORDS[field]);

/** Purposes as their visitor reads them. */
export const USE_WORDS = { "follow-up": "own.use-follow-up", news: "own.use-news" } as const;

/** What a visitor can correct: of a question that waits, there is no more than its form had. */
export const correctableOf = ({ visit }: Pick<Kept, "visit">) =>
  CORRECTABLE.filter((field) => visit || field === "name" || field === "email");

/** A thing that is kept, with what it is called. */
export type Fact = [name: string, value: string];

/** What was logged of the visit besides who came, in words. */
export function visitInWords({ visit, lists }: Kept, say: Say): Fact[] {
  if (!visit) return [];
  const named = (
    list: "projects" | "platforms" | "topics" | "remarks" | "giveaways",
    ids: (string | null)[],
  ) =>
    lists[list]
      .filter((entry) => ids.includes(entry.id))
      .map((entry) => entry.name)
      .join(", ");
  const facts: Fact[] = [
    [
      say("capture.it-was"),
      `${say(`category.${visit.category}`)}, ${say(`capture.about-${visit.category}`)}`,
    ],
    [say("visit.people"), visit.people > 1 ? String(visit.people) : ""],
    [say("visit.project"), named("projects", [visit.project_id])],
    [say("visit.coming-from"), named("platforms", [visit.platform_id])],
    [say("visit.interest"), visit.interest ? say(`visit.interest-${visit.interest as 1 | 2 | 3}`) : ""],
    [say("visit.talked-about"), named("topics", visit.topicIds)],
    [say("visit.heard-again"), named("remarks", visit.remarkIds)],
    [say("visit.took-away"), named("giveaways", visit.giveawayIds)],
    [say("own.note"), visit.note ?? ""],
  ];
  return facts.filter(([, value]) => value !== "");
}

/** How a visitor agreed to each purpose, or has not. */
export function usesInWords(kept: Kept, say: Say, language: Language) {
  return (["follow-up", "news"] as const).map((purpose) => {
    const given = kept.consents.find((each) => each.purpose === purpose);
    const at = given && momentWithYear(given.given_at, kept.event.time_zone, language);
    const how =
      given?.given_by === "visitor"
        ? "own.agreed-visitor"
        : given?.given_by === "staff"
          ? "own.agreed-staff"
          : "own.agreed";
    return {
      purpose,
      use: say(USE_WORDS[purpose]),
      how: at ? say(how, { at }) : say("own.not-agreed"),
      isGiven: given !== undefined,
      words: given?.words ?? undefined,
      language: given?.language ?? undefined,
    };
  });
}

function momentWithYear(at: number, timeZone: string, language: Language): string {
  // With a day of another year beside it, the year is said too.
  return momentInWords(at, timeZone, 0, language);
}

/** A question as its visitor reads it: where it stands. */
export function questionInWords(
  question: Kept["questions"][number],
  kept: Kept,
  say: Say,
  language: Language,
) {
  return {
    text: question.text,
    asked: dayInFull(question.askedAt, kept.event.time_zone, language),
    told: say(TOLD_WORDS[toldOf(question.state)]),
  };
}

const iso = (at: number) => new Date(at).toISOString();

/**
 * All that is kept of a visitor, to take along: what a program can read. `until`: the last day on which it is kept; `answers`:
 * of its questions, in their order, without what is another one's.
 */
export function fileOf(kept: Kept, { until, answers }: { until: string; answers: (string | undefined)[] }) {
  const { event, details, consents, questions, visit, lists } = kept;
  const slugs = (list: "topics" | "remarks" | "giveaways", ids: string[]) =>
    lists[list].filter(({ id }) => ids.includes(id)).map(({ name }) => name);
  const name = (list: "projects" | "platforms" | "booths", id: string | null) =>
    lists[list].find((entry) => entry.id === id)?.name;
  const filled = Object.fromEntries(
    DETAILS.flatMap((field) => (details[field] ? [[field, details[field]]] : [])),
  );
  return {
    format: "boothlight-own-page",
    event: event.name,
    since: iso(kept.since),
    keptUntil: until,
    details: filled,
    consents: consents.map(({ purpose, given_at, words, language, given_by }) => ({
      purpose,
      givenAt: iso(given_at),
      givenBy: given_by,
      words,
      language,
    })),
    visit: visit && {
      happenedAt: iso(visit.happened_at),
      category: visit.category,
      people: visit.people,
      booth: name("booths", visit.booth_id),
      project: name("projects", visit.project_id),
      comingFrom: name("platforms", visit.platform_id),
      interest: visit.interest,
      overviewGiven: visit.overview_given === null ? null : visit.overview_given === 1,
      topics: slugs("topics", visit.topicIds),
      remarks: slugs("remarks", visit.remarkIds),
      giveaways: slugs("giveaways", visit.giveawayIds),
      note: visit.note,
    },
    questions: questions.map(({ text, askedAt, state }, index) => ({
      text,
      askedAt: iso(askedAt),
      state: state ?? "waits for a look",
      answer: answers[index],
    })),
  };
}
