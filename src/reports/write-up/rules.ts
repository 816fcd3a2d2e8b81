import { datesInWords, dayInWords, momentInWords } from "../../events/rules";
import { asText } from "../../exports/rules";
import { CATEGORY_SERIES, type Series, STATE_SERIES } from "../charts/rules";
import {
  type Counts,
  daysOf,
  digits,
  hourInWords,
  hoursOf,
  nameOf,
  nameOfDay,
  OTHER_DAYS,
  percentage,
  type Report,
  ranked,
  sentencesOf,
  stockOf,
  type Table,
  total,
  withOtherDays,
} from "../rules";

/**
 * The report as Markdown with front matter in YAML, to be published: figures and the journal, nothing that
 * a visitor said in their own words, and nobody's contact details.
 */
export function writeUp(asTyped: Report): string {
  const report = withNamesAsText(asTyped);
  const { event, figures, lists } = report;
  const said = sentencesOf(report);
  const named = (list: keyof typeof lists) => (slug: string) => nameOf(lists, list, slug);
  const inOrderOf = (counts: Counts) => ranked(counts).map(([key]) => key);
  const parts = [
    frontMatter(asTyped),
    `${said.headline}, at ${event.venue} (${datesInWords(event.starts_on, event.ends_on)}).`,
    paragraph(said.lead),
  ];
  if (figures.visits > 0) {
    parts.push(
      "## Who came",
      paragraph([said.people, said.overview]),
      table(
        ["Category", "Conversations", "Share"],
        CATEGORY_SERIES.map(({ key, name }) => {
          const visits = figures.category[key] ?? 0;
          return [name, digits(visits), percentage(visits, figures.visits)];
        }),
      ),
      breakdown(
        "Project",
        CATEGORY_SERIES,
        figures.projectByCategory,
        inOrderOf(figures.project),
        named("projects"),
      ),
      paragraph([said.projects]),
      "## When",
      paragraph([said.outside]),
      breakdown(
        "Day",
        CATEGORY_SERIES,
        withOtherDays(figures, figures.dayByCategory),
        daysOf(figures),
        (day) => (day === OTHER_DAYS ? nameOfDay(figures, day) : dayInWords(day)),
      ),
      breakdown("Hour", CATEGORY_SERIES, figures.hourByCategory, hoursOf(figures.hour).map(String), (hour) =>
        hourInWords(Number(hour)),
      ),
    );
  }
  if (total(figures.platform) > 0) {
    parts.push(
      "## What they use today",
      paragraph([said.platforms]),
      breakdown(
        "Platform",
        CATEGORY_SERIES,
        figures.platformByCategory,
        inOrderOf(figures.platform),
        named("platforms"),
      ),
    );
  }
  if (total(figures.remark) > 0) {
    parts.push(
      "## What they said again and again",
      list(
        ranked(figures.remark).map(
          ([slug, heard]) =>
            `“${named("remarks")(slug)}”: ${heard === 1 ? "once" : `${digits(heard)} times`}`,
        ),
      ),
    );
  }
  if (figures.questions > 0) {
    parts.push(
      "## What they asked",
      paragraph([said.questions, said.askedAgain, said.topics, said.nobody]),
      breakdown(
        "Topic",
        STATE_SERIES,
        figures.stateByTopic,
        inOrderOf(figures.topicOfQuestion),
        named("topics"),
      ),
    );
  }
  const stock = stockOf(report).filter(({ shipped, arrived, given }) => shipped || arrived || given);
  if (stock.length > 0) {
    const orUnknown = (pieces: number | null) => (pieces === null ? "–" : digits(pieces));
    parts.push(
      "## Giveaways",
      table(
        ["Giveaway", "Shipped", "Arrived", "Conversations in which it was given"],
        stock.map(({ name, shipped, arrived, given }) => [
          name,
          orUnknown(shipped),
          orUnknown(arrived),
          digits(given),
        ]),
      ),
    );
  }
  if (report.journal.length > 0) {
    parts.push(
      "## What happened to the booth",
      list(report.journal.map(({ at, text }) => `${momentInWords(at, event.time_zone)}: ${text}`)),
    );
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** The report with everything that people typed escaped, so that it is said once. */
function withNamesAsText(report: Report): Report {
  const lists = Object.entries(report.lists).map(([name, entries]) => [
    name,
    entries.map((entry: { name: string }) => ({ ...entry, name: asText(entry.name) })),
  ]);
  return {
    ...report,
    event: { ...report.event, name: asText(report.event.name), venue: asText(report.event.venue) },
    lists: Object.fromEntries(lists),
    journal: report.journal.map(({ at, text }) => ({ at, text: asText(text) })),
  };
}

function frontMatter({ event, lists }: Report): string {
  const tags = ["booth", event.slug, ...lists.projects.map((project) => project.slug)];
  // A string of JSON is a string of YAML.
  return [
    "---",
    `title: ${JSON.stringify(`${event.name}: what the booth heard`)}`,
    `date: ${event.ends_on}`,
    `tags: ${JSON.stringify([...new Set(tags)])}`,
    "---",
  ].join("\n");
}

function paragraph(sentences: (string | undefined)[]): string {
  return sentences.filter((sentence) => sentence !== undefined && sentence !== "").join(" ");
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
