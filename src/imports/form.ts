import { z } from "zod";
import { checkLines, entryName, keywordList, MOST_ENTRIES, pieces } from "../catalog/form";
import { type Checked, check, type FieldProblem, Problem } from "../errors";
import { dayForm, daysInOrder, EVENT_FIELDS, journalText, slugForm } from "../events/form";
import { isReserved } from "../events/rules";
import { expertOfFile } from "../experts/form";
import { controllerForm } from "../privacy/notice/form";
import { MOST_DAYS_KEPT } from "../privacy/retention/rules";
import { storable, words } from "../text";
import { partsOf, type Source, sourceOf } from "./reading/rules";
import { type BadRecord, badRecords, placeOf } from "./rules";
import { askedOfFile, instant, visitOfFile } from "./visits/form";

export const FORMAT = "boothlight-event";
/** Rises when a file that an older program would misread can be written. */
export const VERSION = 2;
/** What the program reads: a file of an older version says less. */
const VERSIONS = [1, VERSION];

/** Staff add to the platforms what visitors use: there can be more than anybody would set up. */
const MOST_PLATFORMS = 10_000;

const entry = z.strictObject({ slug: slugForm, name: entryName, hidden: z.boolean().nullish() });
const count = pieces.nullish().transform((number) => number ?? null);

/** The lists of an event file: what one record of each looks like, and how many there may be. */
const RECORDS = {
  booths: { form: entry, most: MOST_ENTRIES },
  projects: { form: entry, most: MOST_ENTRIES },
  topics: {
    form: entry.extend({ keywords: keywordList.nullish().transform((list) => [...new Set(list ?? [])]) }),
    most: MOST_ENTRIES,
  },
  platforms: { form: entry, most: MOST_PLATFORMS },
  remarks: { form: entry.omit({ name: true }).extend({ text: entryName }), most: MOST_ENTRIES },
  giveaways: {
    form: entry.extend({ shipped: count, arrived: count, ranOutAt: instant.nullish() }),
    most: MOST_ENTRIES,
  },
  experts: { form: expertOfFile, most: 5000 },
  journal: { form: z.strictObject({ at: instant, text: journalText }), most: 50_000 },
  asked: { form: askedOfFile, most: 5000 },
  visits: { form: visitOfFile, most: 1_000_000 },
} as const;

type RecordList = keyof typeof RECORDS;
type Rec<List extends RecordList> = z.output<(typeof RECORDS)[List]["form"]>;

/** The order in which a file is taken in: what is referred to comes first. Visits are read by themselves. */
const LISTS_OF_FILE = (Object.keys(RECORDS) as RecordList[]).filter((name) => name !== "visits");

const eventOfFile = z
  .strictObject({
    slug: slugForm.refine((slug) => !isReserved(slug), "This address is taken by a page of the program."),
    ...EVENT_FIELDS,
    routesItself: z.boolean().nullish(),
    contactsDays: z.int().min(0).max(MOST_DAYS_KEPT).nullish(),
    contactsUntil: dayForm.nullish(),
    contactsReason: words(300).nullish(),
    responsible: controllerForm.nullish(),
  })
  .check(daysInOrder);

const anything = z.record(z.string(), z.unknown());

const writeUpOfFile = z.strictObject({
  front: anything,
  // A text of its own, of which every character counts.
  text: z.string().max(1_000_000).overwrite(storable),
  changedAt: instant,
  publishedAt: instant.nullish(),
  published: anything.nullish(),
});

const list = <List extends RecordList>(name: List) =>
  z.array(RECORDS[name].form).max(RECORDS[name].most).nullish();

/** A whole event file. The program reads it record by record; this is for describing the format. */
const eventFile = z
  .strictObject({
    format: z.literal(FORMAT),
    version: z.literal(VERSIONS),
    event: eventOfFile,
    booths: list("booths"),
    projects: list("projects"),
    topics: list("topics"),
    platforms: list("platforms"),
    remarks: list("remarks"),
    giveaways: list("giveaways"),
    experts: list("experts"),
    journal: list("journal"),
    writeUp: writeUpOfFile.nullish(),
    asked: list("asked"),
    visits: list("visits"),
  })
  .meta({
    title: "Boothlight event file",
    description:
      "An event with its lists, experts, journal, write-up and visits. Described in docs/event-file.md.",
  });

/** The format as JSON Schema: what a file may hold, before the program tidies it. */
export function eventFileSchema(): object {
  return z.toJSONSchema(eventFile, { io: "input", unrepresentable: "any" });
}

/** An event file of which every good record is checked, apart from visits: those are checked as they are recorded. */
export interface EventFile {
  event: z.output<typeof eventOfFile>;
  booths: Rec<"booths">[];
  projects: Rec<"projects">[];
  topics: Rec<"topics">[];
  platforms: Rec<"platforms">[];
  remarks: Rec<"remarks">[];
  giveaways: Rec<"giveaways">[];
  experts: Rec<"experts">[];
  journal: Rec<"journal">[];
  writeUp?: z.output<typeof writeUpOfFile>;
  asked: Rec<"asked">[];
  /** Read anew from the file each time that they are gone through: they may be more than fit into memory. */
  visits: AsyncIterable<unknown>;
  /** How many these are, at most. */
  visitCount: number;
  bad: BadRecord[];
}

/**
 * Reads an event file: bytes in memory, or a source of them that can be read twice. Bad records are left out and listed in
 * `bad`; they hold up no other. Of the visits none is kept, but all have been looked at: what is no JSON is found here.
 * Throws a Problem of one sentence where it is no event file, a newer one, or its event is wrong.
 * `own` are values for the event that count instead of the file's.
 */
export async function readEventFile(
  from: Uint8Array | Source,
  own: Partial<EventFile["event"]> = {},
): Promise<EventFile> {
  const source = from instanceof Uint8Array ? sourceOf(from) : from;
  const { file, visitCount } = await readTop(source);
  const event = check(eventOfFile, isObject(file.event) ? { ...file.event, ...own } : file.event);
  if (!event.ok) {
    const problems = event.problems.map((each) => inEvent(each));
    throw new Problem("invalid", "The event in this file is not right, so nothing was imported.", problems);
  }
  const bad: BadRecord[] = [];
  for (const field of Object.keys(file)) {
    if (!(field in eventFile.shape))
      bad.push({ place: field, message: `There is no field “${field}” here.` });
  }
  const read = Object.fromEntries(LISTS_OF_FILE.map((name) => [name, readList(name, file[name], bad)]));
  const { most } = RECORDS.visits;
  if (!isAbsent(file.visits)) bad.push({ place: "visits", message: "This should be a list." });
  if (visitCount > most) bad.push({ place: "visits", message: tooMany(most) });
  return {
    event: event.value,
    ...read,
    ...readWriteUp(file.writeUp, bad),
    visits: visitsIn(source, most),
    visitCount: Math.min(visitCount, most),
    bad,
  } as EventFile;
}

function readWriteUp(writeUp: unknown, bad: BadRecord[]): Pick<EventFile, "writeUp"> {
  if (isAbsent(writeUp)) return {};
  const checked = check(writeUpOfFile, writeUp);
  if (checked.ok) return { writeUp: checked.value };
  for (const { field, message } of checked.problems) {
    bad.push({ place: ["writeUp", field].filter(Boolean).join("."), message });
  }
  return {};
}

/** The visits of a file in their order, `most` at most. */
function visitsIn(source: Source, most: number): AsyncIterable<unknown> {
  return {
    async *[Symbol.asyncIterator]() {
      let rest = most;
      for await (const part of partsOf(source, ["visits"])) {
        if (!("record" in part)) continue;
        if (rest-- === 0) return;
        yield part.record;
      }
    },
  };
}

/**
 * The file's fields but for its visits, once it is sure that it is an event file of a version that this program reads, and
 * how many visits there are.
 */
async function readTop(source: Source): Promise<{ file: Record<string, unknown>; visitCount: number }> {
  let file: unknown = {};
  let visitCount = 0;
  const seen = new Set<string>();
  let twice: string | undefined;
  try {
    for await (const part of partsOf(source, ["visits"])) {
      if ("record" in part) {
        visitCount += 1;
        continue;
      }
      if (seen.has(part.field)) twice ??= part.field;
      seen.add(part.field);
      if (!("value" in part)) continue;
      if (part.field === "") file = part.value;
      else Object.assign(file as object, { [part.field]: part.value });
    }
  } catch (error) {
    // A disk that fails is another thing.
    if (!(error instanceof SyntaxError)) throw error;
    throw new Problem("invalid", "This file is not JSON, so nothing was imported.");
  }
  if (isObject(file) && file.boothlight === "rescue") {
    throw new Problem(
      "invalid",
      "This is a tablet's rescue file. Bring it in on the page of the tablets. Nothing was imported.",
    );
  }
  if (!isObject(file) || file.format !== FORMAT) {
    throw new Problem(
      "invalid",
      `This is not an event file: its “format” should be “${FORMAT}”. Nothing was imported.`,
    );
  }
  if (typeof file.version === "number" && file.version > VERSION) {
    throw new Problem(
      "invalid",
      `This event file is of version ${file.version}, and this program reads version ${VERSION}. Nothing was imported: update Boothlight first.`,
    );
  }
  if (!VERSIONS.includes(file.version as number)) {
    throw new Problem(
      "invalid",
      `An event file's “version” should be ${VERSIONS.join(" or ")}. Nothing was imported.`,
    );
  }
  if (twice !== undefined) {
    throw new Problem("invalid", `“${twice}” stands in this file twice. Nothing was imported.`);
  }
  return { file, visitCount };
}

function readList(name: RecordList, records: unknown, bad: BadRecord[]): unknown[] {
  if (isAbsent(records)) return [];
  if (!Array.isArray(records)) {
    bad.push({ place: name, message: "This should be a list." });
    return [];
  }
  const { form, most } = RECORDS[name];
  if (records.length > most) bad.push({ place: name, message: tooMany(most) });
  const slugs = new Set<string>();
  return records.slice(0, most).flatMap((record, index) => {
    const checked = check<z.core.$ZodType<object>>(form, record);
    if (!checked.ok) {
      bad.push(...badRecords(name, index, checked.problems));
      return [];
    }
    const { slug } = checked.value as { slug?: string };
    if (slug !== undefined && slugs.has(slug)) {
      bad.push({ place: placeOf(name, index, "slug"), message: `“${slug}” is in this list already.` });
      return [];
    }
    if (slug !== undefined) slugs.add(slug);
    return [checked.value];
  });
}

function tooMany(most: number): string {
  return `These are too many: ${most} at most. The rest was left out.`;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function inEvent(problem: FieldProblem): FieldProblem {
  return { ...problem, field: problem.field ? `event.${problem.field}` : "event" };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where the lists of a new event come from. */
const SOURCES = ["sensible", "copy", "file"] as const;

const newEvent = z.object({
  source: z.enum(SOURCES).default("sensible"),
  copyOf: words(80).default(""),
  booths: words(20_000).default(""),
  projects: words(20_000).default(""),
});

/** What the form of a new event says besides the event's own fields. Problems are named by its fields. */
export function checkNewEvent(body: unknown): Checked<{
  source: (typeof SOURCES)[number];
  copyOf: string;
  booths: { name: string }[];
  projects: { name: string }[];
}> {
  const form = check(newEvent, body);
  if (!form.ok) return form;
  const booths = checkLines("booths", form.value.booths);
  const projects = checkLines("projects", form.value.projects);
  const problems = [
    ...(booths.ok ? [] : booths.problems.map((each) => ({ ...each, field: "booths" }))),
    ...(projects.ok ? [] : projects.problems.map((each) => ({ ...each, field: "projects" }))),
  ];
  if (!booths.ok || !projects.ok) return { ok: false, problems };
  return { ok: true, value: { ...form.value, booths: booths.value, projects: projects.value } };
}
