import { datesInWords, dayInWords, localTime, momentInWords } from "../../../events/rules";
import { asText, NONE } from "../../../exports/rules";
import { withoutPersonal } from "../../../questions/personal/rules";
import { isOrganizersName } from "../../../text";
import { CATEGORY_SERIES, type Series, STATE_SERIES } from "../../charts/rules";
import {
  aboutLoss,
  type Counts,
  daysOf,
  digits,
  durationInWords,
  hourInWords,
  hoursOf,
  listed,
  type Median,
  nameOf,
  nameOfDay,
  OTHER_DAYS,
  percentage,
  type Report,
  ranked,
  type Sentences,
  sentencesOf,
  shortDay,
  stockOf,
  type Table,
  topicsWithNobody,
  total,
  withOtherDays,
} from "../../rules";
import { chartsOf, inSentences, isEmpty } from "../pictures/rules";
import { type Front, inWords, PROMPTS, picture, type Values } from "../rules";

/** A visitor's own words, without what would tell who they are. */
export interface Quote {
  /** Of the question, or of the visit whose note it is. */
  id: string;
  text: string;
  /** How often it was asked; a note once. */
  times: number;
  /** Of a question: whether it has no answer. */
  isOpen?: boolean;
}

/** What the write-up is made from. */
export interface Told {
  report: Report;
  /** What was asked most, the most often asked first. */
  asked: Quote[];
  /** What has no answer. */
  unanswered: Quote[];
  /** What staff noted of visits: it goes in by the organizer's hand alone. */
  notes: Quote[];
  /** Quotes that the organizer's text has besides these. */
  others: Quote[];
}

export const GROUPS = ["Figures", "Sentences", "Tables, lists and charts", "In visitors' words"] as const;

/** Something of the log that the organizer can link. */
export interface Offer {
  /** `figure:visits`, `block:platforms`, `quote:ID` */
  target: string;
  group: (typeof GROUPS)[number];
  /** What it is, for the organizer. */
  label: string;
  /** Markdown; empty where there is nothing to say at present. */
  value: string;
}

/** What stands in the text for something that is offered. */
export function markupOf({ target, label, value }: Offer): string {
  return target.startsWith("block:") ? `[${asText(label)}](${target})` : `[${value}](${target})`;
}

export const valuesOf = (offers: Offer[]): Values =>
  new Map(offers.map(({ target, value }) => [target, value]));

/** What stands before a text that nobody has written on yet. */
export function frontOf({ event, lists }: Report): Front {
  const projects = lists.projects.filter((project) => !project.hidden).map((project) => project.slug);
  return {
    title: `${event.name}: what the booth heard`,
    author: "",
    date: event.ends_on,
    tags: [...new Set(["booth", event.slug, ...projects])],
    categories: [],
  };
}

/** Everything of the log that can be linked, as it is now. */
export function offersOf(told: Told): Offer[] {
  const report = withNamesAsText(told.report);
  const said = sentencesOf(report);
  return [
    ...numbersOf(report),
    ...sentencesToOffer(report, said),
    ...blocksOf(report, told),
    ...quotesOf(told),
  ];
}

/** The report with everything that people typed escaped, so that it is said once. */
function withNamesAsText(report: Report): Report {
  // Staff write platforms and remarks down in a hurry, as visitors say them.
  const said = (text: string) => asText(withoutPersonal(text, []));
  const lists = Object.entries(report.lists).map(([name, entries]) => [
    name,
    entries.map((entry: { name: string }) => ({ ...entry, name: said(entry.name) })),
  ]);
  return {
    ...report,
    event: { ...report.event, name: asText(report.event.name), venue: asText(report.event.venue) },
    lists: Object.fromEntries(lists),
    journal: report.journal.map(({ at, text }) => ({ at, text: said(text) })),
  };
}

/* Figures */

function numbersOf({ event, figures, lists }: Report): Offer[] {
  const { visits, people, category, questions, questionsByState } = figures;
  const { existing = 0, curious = 0, new: never = 0 } = category;
  const { open = 0, routed = 0 } = questionsByState;
  const offers: Offer[] = [];
  const say = (name: string, label: string, value: string | undefined) =>
    offers.push({ target: `figure:${name}`, group: "Figures", label, value: value ?? "" });
  const count = (name: string, label: string, value: number) => say(name, label, digits(value));
  const share = (name: string, label: string, part: number, whole: number) =>
    say(name, label, whole > 0 ? percentage(part, whole) : undefined);

  say("event", "Name of the event", event.name);
  say("venue", "Venue", event.venue);
  say("dates", "Days of the event", datesInWords(event.starts_on, event.ends_on));
  count("visits", "Conversations", visits);
  count("people", "People", people);
  count("days", "Days on which something was logged", Object.keys(figures.day).length);
  count("existing", "Existing users", existing);
  share("existing-share", "Existing users, share", existing, visits);
  count("curious", "Curious: knew of it", curious);
  share("curious-share", "Curious, share", curious, visits);
  count("new", "New: never heard of it", never);
  share("new-share", "New, share", never, visits);
  count("newcomers", "Those who did not use it yet", curious + never);
  share("new-of-newcomers", "Of those who did not use it yet, the new", never, curious + never);
  count("overview", "Got an overview", figures.overviewGiven);
  count("contacts", "Left contact details", figures.visitsWithContact);
  count("questions", "Questions taken home", questions);
  // What was closed without an answer is none.
  count("answered", "Questions answered", figures.medianToAnswer.questions);
  count("unanswered", "Questions without an answer", open + routed);
  say("to-answer", "Median time to an answer", lengthOf(figures.medianToAnswer));
  say("to-route", "Median time to an expert", lengthOf(figures.medianToRoute));
  for (const { key, list, counts, words } of COUNTED) {
    const all = { ...Object.fromEntries(lists[list].map(({ slug }) => [slug, 0])), ...counts(figures) };
    for (const [slug, value] of ranked(all)) {
      if (slug !== NONE) count(`${key}-${slug}`, `${words}: ${inWords(nameOf(lists, list, slug))}`, value);
    }
  }
  return offers;
}

const COUNTED: {
  key: string;
  list: keyof Report["lists"];
  counts: (figures: Report["figures"]) => Counts;
  words: string;
}[] = [
  { key: "project", list: "projects", counts: ({ project }) => project, words: "About" },
  { key: "platform", list: "platforms", counts: ({ platform }) => platform, words: "Use today" },
  { key: "remark", list: "remarks", counts: ({ remark }) => remark, words: "Heard" },
  { key: "topic", list: "topics", counts: ({ topicOfQuestion }) => topicOfQuestion, words: "Questions on" },
  { key: "giveaway", list: "giveaways", counts: ({ giveaway }) => giveaway, words: "Conversations with" },
];

function lengthOf({ minutes }: Median): string | undefined {
  return minutes === null ? undefined : durationInWords(minutes);
}

/* Sentences */

function sentencesToOffer(report: Report, said: Sentences): Offer[] {
  const { figures, event } = report;
  const offers: Offer[] = [];
  const say = (name: string, label: string, value: string | undefined) =>
    offers.push({ target: `figure:${name}`, group: "Sentences", label, value: value ?? "" });
  say("headline", "The event in one line", said.headline);
  say("say-newcomers", "Who had never heard of it", said.newcomers);
  say("say-interest", "How far the light went on", said.interest);
  say("say-busiest", "The busiest hour", said.busiest);
  say("say-people", "Groups", said.people);
  say("say-overview", "Overviews", said.overview);
  say("say-contacts", "Contact details", said.contacts);
  say("say-outside", "Logged outside the event's days", said.outside);
  say("say-platforms", "What newcomers come from", said.platforms);
  say("say-projects", "What they came for", said.projects);
  say("say-remarks", "What was heard most", said.remarks);
  say("say-questions", "How the questions stand", said.questions);
  say("say-asked-again", "What was asked again", said.askedAgain);
  say("say-topics", "The topic asked about most", said.topics);
  say("say-nobody", "The expertise gap", said.nobody);
  say("say-unanswered", "Questions without an answer", aboutUnanswered(figures));
  say("say-to-answer", "How long answers took", aboutAnswering(figures));
  for (const stock of stockOf(report)) say(`lost-${stock.slug}`, "What did not arrive", aboutLoss(stock));
  for (const [name, text] of journalOf(report)) say(name, "From the journal", text);
  say("say-staff", "How many stood at the booth", aboutStaff(figures));
  say("say-experts", "How many experts answered", aboutExperts(figures));
  say("next-experts", "Whom to find", nextExperts(report));
  say("next-answers", "What to have answers on", nextAnswers(report));
  say("next-lost", "What to send another way", nextLost(report));
  say("next-more", "What to bring more of", nextMore(report, event.time_zone));
  return offers;
}

/** The lines of the journal by the names of their figures, which stay when others are added. */
function journalOf({ journal, event }: Report): [name: string, text: string][] {
  const times = new Map<number, number>();
  return journal.map(({ at, text }) => {
    const before = times.get(at) ?? 0;
    times.set(at, before + 1);
    const name = before === 0 ? `journal-${at}` : `journal-${at}-${before + 1}`;
    return [name, `${momentInWords(at, event.time_zone)}: ${text}`];
  });
}

const withoutAnswer = ({ open = 0, routed = 0 }: Counts) => open + routed;

function aboutUnanswered({ questions, questionsByState }: Report["figures"]): string | undefined {
  const waiting = withoutAnswer(questionsByState);
  if (waiting === 0) return undefined;
  if (waiting === questions) {
    return questions === 1
      ? "The question has no answer yet."
      : `None of the ${digits(questions)} questions has an answer yet.`;
  }
  const have = waiting === 1 ? "has" : "have";
  return `${digits(waiting)} of the ${digits(questions)} questions ${have} no answer yet.`;
}

function aboutAnswering({ medianToAnswer: { questions, minutes } }: Report["figures"]): string | undefined {
  // Of a handful no typical time is known.
  if (questions < 5 || minutes === null) return undefined;
  return `Half of the answers were there within ${durationInWords(minutes)}.`;
}

function aboutStaff({ staff, visits }: Report["figures"]): string | undefined {
  const people = Object.keys(staff).filter((name) => name !== NONE && !isOrganizersName(name)).length;
  if (people === 0) return undefined;
  const who = people === 1 ? "one person" : `${digits(people)} people`;
  return visits === 1
    ? `The conversation was logged by ${who} of the booth.`
    : `The ${digits(visits)} conversations were logged by ${who} of the booth.`;
}

function aboutExperts({ stateByExpert }: Report["figures"]): string | undefined {
  const experts = Object.entries(stateByExpert).filter(
    ([slug, { answered = 0, closed = 0 }]) => slug !== NONE && answered + closed > 0,
  ).length;
  if (experts === 0) return undefined;
  return experts === 1 ? "One expert answered questions." : `${digits(experts)} experts answered questions.`;
}

function nextExperts(report: Report): string | undefined {
  const topics = topicsWithNobody(report);
  return topics.length > 0 ? `Find somebody who answers on ${listed(topics)}.` : undefined;
}

function nextAnswers({ figures, lists }: Report): string | undefined {
  const waiting = Object.entries(figures.stateByTopic).map(([slug, states]): [string, number] => [
    slug,
    withoutAnswer(states),
  ]);
  const topics = ranked(Object.fromEntries(waiting))
    .filter(([slug, count]) => slug !== NONE && count > 1)
    .slice(0, 3)
    .map(([slug, count]) => `${nameOf(lists, "topics", slug)} (${digits(count)})`);
  return topics.length > 0 ? `Have answers ready on what is still open: ${listed(topics)}.` : undefined;
}

function nextLost(report: Report): string | undefined {
  const lost = stockOf(report).filter(
    ({ shipped, arrived }) => shipped && arrived !== null && arrived < shipped,
  );
  if (lost.length === 0) return undefined;
  return `Send earlier, or another way: ${listed(lost.map(({ name }) => name))}.`;
}

function nextMore({ lists }: Report, zone: string): string | undefined {
  const gone = lists.giveaways.flatMap(({ name, ran_out_at: at }) => {
    if (at === null) return [];
    const { day, hour } = localTime(at, zone);
    return `${name} (ran out on ${shortDay(day)}, ${hourInWords(hour)})`;
  });
  return gone.length > 0 ? `Bring more: ${listed(gone)}.` : undefined;
}

/* Tables, lists and charts */

function blocksOf(report: Report, { asked, unanswered }: Told): Offer[] {
  const { figures, lists } = report;
  const named = (list: keyof typeof lists) => (slug: string) => nameOf(lists, list, slug);
  const inOrderOf = (counts: Counts) => ranked(counts).map(([key]) => key);
  const offers: Offer[] = [];
  const block = (name: string, label: string, value: string) =>
    offers.push({ target: `block:${name}`, group: "Tables, lists and charts", label, value });
  const byList = (list: "projects" | "booths" | "platforms", head: string, counts: Counts, by: Table) =>
    breakdown(head, CATEGORY_SERIES, by, inOrderOf(counts), named(list));

  block(
    "categories",
    "Table: who came",
    figures.visits === 0
      ? ""
      : table(
          ["Category", "Conversations", "Share"],
          CATEGORY_SERIES.map(({ key, name }) => {
            const visits = figures.category[key] ?? 0;
            return [name, digits(visits), percentage(visits, figures.visits)];
          }),
        ),
  );
  block(
    "days",
    "Table: days",
    breakdown(
      "Day",
      CATEGORY_SERIES,
      withOtherDays(figures, figures.dayByCategory),
      daysOf(figures),
      (day) => (day === OTHER_DAYS ? nameOfDay(figures, day) : dayInWords(day)),
    ),
  );
  block(
    "hours",
    "Table: hours",
    breakdown("Hour", CATEGORY_SERIES, figures.hourByCategory, hoursOf(figures.hour).map(String), (hour) =>
      hourInWords(Number(hour)),
    ),
  );
  block(
    "platforms",
    "Table: coming from",
    byList("platforms", "Platform", figures.platform, figures.platformByCategory),
  );
  block(
    "projects",
    "Table: projects",
    byList("projects", "Project", figures.project, figures.projectByCategory),
  );
  block("booths", "Table: booths", byList("booths", "Booth", figures.booth, figures.boothByCategory));
  block(
    "remarks",
    "List: heard again and again",
    list(
      ranked(figures.remark).map(
        ([slug, heard]) => `“${named("remarks")(slug)}”: ${heard === 1 ? "once" : `${digits(heard)} times`}`,
      ),
    ),
  );
  block(
    "topics",
    "Table: questions by topic",
    breakdown(
      "Topic",
      STATE_SERIES,
      figures.stateByTopic,
      inOrderOf(figures.topicOfQuestion),
      named("topics"),
    ),
  );
  const often = asked.slice(0, QUOTED);
  block(
    "asked",
    "List: asked most",
    list(
      often.map(
        (quote) => `${quoted(quote.text)} (${[timesOf(quote), openOf(quote)].filter(Boolean).join(", ")})`,
      ),
    ),
  );
  // What was asked most says by itself that it has none.
  const others = unanswered.filter(({ id }) => often.every((quote) => quote.id !== id));
  block(
    "unanswered",
    "List: without an answer",
    list(others.slice(0, QUOTED).map((quote) => quoted(quote.text))),
  );
  block("giveaways", "Table: giveaways", giveawaysTable(report));
  block("journal", "List: the journal", list(journalOf(report).map(([, text]) => text)));
  for (const chart of chartsOf(report)) {
    block(
      `chart-${chart.name}`,
      `Chart: ${chart.title.toLowerCase()}`,
      isEmpty(chart) ? "" : picture(`${chart.title}. ${inSentences(chart)}`, chart.name),
    );
  }
  return offers;
}

/** So many questions are quoted in one list. */
const QUOTED = 5;

const timesOf = ({ times }: Quote) => `asked ${times === 2 ? "twice" : `${digits(times)} times`}`;
const openOf = ({ isOpen }: Quote) => isOpen && "no answer yet";

const quoted = (text: string) => `“${asText(text)}”`;

function giveawaysTable(report: Report): string {
  const stock = stockOf(report).filter(({ shipped, arrived, given }) => shipped || arrived || given);
  const orUnknown = (pieces: number | null) => (pieces === null ? "–" : digits(pieces));
  return table(
    ["Giveaway", "Shipped", "Arrived", "Times given"],
    stock.map(({ name, shipped, arrived, given }) => [
      name,
      orUnknown(shipped),
      orUnknown(arrived),
      digits(given),
    ]),
  );
}

function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** A table of counts: a row each of `keys`, a column each of `series`, and the whole. Empty without any rows. */
function breakdown(
  head: string,
  series: Series[],
  counts: Table,
  keys: string[],
  nameOfKey: (key: string) => string,
): string {
  return table(
    [head, ...series.map(({ name }) => name), "All"],
    keys.map((key) => [
      nameOfKey(key),
      ...series.map((each) => digits(counts[key]?.[each.key] ?? 0)),
      digits(total(counts[key] ?? {})),
    ]),
  );
}

function table([head = "", ...columns]: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line([head, ...columns]), line(["---", ...columns.map(() => "--:")]), ...rows.map(line)].join("\n");
}

/* In visitors' words */

function quotesOf({ asked, unanswered, notes, others }: Told): Offer[] {
  const seen = new Set<string>();
  const offers: Offer[] = [];
  const offer = (quotes: Quote[], labelOf: (quote: Quote) => string) => {
    for (const quote of quotes) {
      const target = `quote:${quote.id}`;
      if (seen.has(target)) continue;
      seen.add(target);
      const value = quoted(quote.text);
      offers.push({ target, group: "In visitors' words", label: labelOf(quote), value });
    }
  };
  offer(asked, (quote) => timesOf(quote).replace("a", "A"));
  offer(unanswered, () => "Without an answer");
  offer(notes, () => "Noted by staff");
  offer(others, () => "In your text");
  return offers;
}

/* The draft */

/** The text that is there before the organizer has written a word: all sections, each with what the log says. */
export function draftOf(offers: Offer[]): string {
  const there = new Map(offers.map((offer) => [offer.target, offer]));
  const figure = (name: string) => {
    const offer = there.get(`figure:${name}`);
    return offer?.value ? markupOf(offer) : "";
  };
  const block = (name: string) => {
    const offer = there.get(`block:${name}`);
    return offer?.value ? markupOf(offer) : "";
  };
  const paragraph = (...names: string[]) => names.map(figure).filter(Boolean).join(" ");
  const bullets = (names: string[]) =>
    names
      .map(figure)
      .filter(Boolean)
      .map((each) => `- ${each}`)
      .join("\n");
  const named = (start: string) =>
    offers.flatMap(({ target }) => (target.startsWith(`figure:${start}-`) ? target.slice(7) : []));
  const lines = (name: string) => there.get(`block:${name}`)?.value.split("\n").length ?? 0;

  const sections: [heading: string, prompt: string, parts: string[]][] = [
    [
      "What happened",
      PROMPTS.happened,
      [
        `${figure("headline")}, at ${[figure("venue"), `(${figure("dates")})`].filter(Boolean).join(" ")}.`,
        paragraph("say-busiest", "say-overview", "say-outside"),
        block("chart-days"),
        block("giveaways"),
      ],
    ],
    [
      "Who came",
      PROMPTS.came,
      [
        paragraph("say-newcomers", "say-people", "say-interest"),
        block("categories"),
        // One project, below the head of its table, is what all came for.
        ...(lines("projects") > 3
          ? [figure("say-projects"), block("chart-projects"), block("projects")]
          : []),
      ],
    ],
    ["What they use", PROMPTS.use, [figure("say-platforms"), block("chart-platforms"), block("platforms")]],
    // Of two remarks the sentence says all.
    ["What we heard", PROMPTS.heard, [lines("remarks") > 2 ? block("remarks") : figure("say-remarks")]],
    [
      "What they asked",
      PROMPTS.asked,
      [
        paragraph("say-questions", "say-asked-again", "say-topics", "say-to-answer"),
        block("chart-topics"),
        block("asked"),
      ],
    ],
    [
      "What nobody could answer",
      PROMPTS.unanswered,
      [paragraph("say-nobody", "say-unanswered"), block("unanswered")],
    ],
    ["What went wrong", PROMPTS.wrong, [bullets([...named("lost"), ...named("journal")])]],
    ["Thanks", PROMPTS.thanks, [PROMPTS.thanks, paragraph("say-staff", "say-experts")]],
    ["Next time", PROMPTS.next, [bullets(["next-experts", "next-answers", "next-lost", "next-more"])]],
  ];
  return `${sections
    .flatMap(([heading, prompt, parts]) => {
      const there = parts.filter((part) => part !== "");
      return [`## ${heading}`, ...(there.length > 0 ? there : [prompt])];
    })
    .join("\n\n")}\n`;
}
