import { z } from "zod";
import { checkLines, entryName, keywordList, MOST_ENTRIES, pieces } from "../catalog/form";
import type { Instant } from "../database/tables";
import { type Checked, check, type FieldProblem, Problem } from "../errors";
import { daysInOrder, EVENT_FIELDS, journalText, slugForm } from "../events/form";
import { isReserved } from "../events/rules";
import { expertOfFile } from "../experts/form";
import { words } from "../text";
import { visitForm } from "../visits/form";
import { type BadRecord, badRecords, placeOf } from "./rules";

const FORMAT = "boothlight-event";
/** Rises when a file that an older program would misread can be written. */
const VERSION = 1;

const entry = z.strictObject({ slug: slugForm, name: entryName });
const count = pieces.nullish().transform((number) => number ?? null);
const instant = z.iso
  .datetime({ offset: true })
  .transform((text): Instant => Date.parse(text))
  .refine((at) => at >= 0 && at < Date.UTC(2100, 0, 1), "This should be between 1970 and 2100.");

/** The lists of an event file: what one record of each looks like, and how many there may be. */
const RECORDS = {
  booths: { form: entry, most: MOST_ENTRIES },
  projects: { form: entry, most: MOST_ENTRIES },
  topics: {
    form: entry.extend({ keywords: keywordList.nullish().transform((list) => [...new Set(list ?? [])]) }),
    most: MOST_ENTRIES,
  },
  platforms: { form: entry, most: MOST_ENTRIES },
  remarks: { form: z.strictObject({ slug: slugForm, text: entryName }), most: MOST_ENTRIES },
  giveaways: { form: entry.extend({ shipped: count, arrived: count }), most: MOST_ENTRIES },
  experts: {
    form: expertOfFile,
    most: 5000,
  },
  journal: { form: z.strictObject({ at: instant, text: journalText }), most: 5000 },
  visits: { form: visitForm, most: 1_000_000 },
} as const;

type RecordList = keyof typeof RECORDS;
type Rec<List extends RecordList> = z.output<(typeof RECORDS)[List]["form"]>;

/** The order in which a file is read: what is referred to comes first. */
const LISTS_OF_FILE = Object.keys(RECORDS) as RecordList[];

const eventOfFile = z
  .strictObject({
    slug: slugForm.refine((slug) => !isReserved(slug), "This address is taken by a page of the program."),
    ...EVENT_FIELDS,
  })
  .check(daysInOrder);

const list = <List extends RecordList>(name: List) =>
  z.array(RECORDS[name].form).max(RECORDS[name].most).nullish();

/** A whole event file. The program reads it record by record; this is for describing the format. */
const eventFile = z
  .strictObject({
    format: z.literal(FORMAT),
    version: z.literal(VERSION),
    event: eventOfFile,
    booths: list("booths"),
    projects: list("projects"),
    topics: list("topics"),
    platforms: list("platforms"),
    remarks: list("remarks"),
    giveaways: list("giveaways"),
    experts: list("experts"),
    journal: list("journal"),
    visits: list("visits"),
  })
  .meta({
    title: "Boothlight event file",
    description: "An event with its lists, experts, journal and visits. Described in docs/event-file.md.",
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
  visits: unknown[];
  bad: BadRecord[];
}

/**
 * Reads an event file. Bad records are left out and listed in `bad`; they hold up no other.
 * Throws a Problem of one sentence where it is no event file, a newer one, or its event is wrong.
 * `own` are values for the event that count instead of the file's.
 */
export function readEventFile(bytes: Uint8Array, own: Partial<EventFile["event"]> = {}): EventFile {
  const file = readTop(bytes);
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
  return { event: event.value, ...read, bad } as EventFile;
}

/** The file's fields, once it is sure that it is an event file of a version that this program reads. */
function readTop(bytes: Uint8Array): Record<string, unknown> {
  let file: unknown;
  try {
    // A byte order mark, which some editors write, is taken off by the decoder.
    file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
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
  if (file.version !== VERSION) {
    throw new Problem("invalid", `An event file's “version” should be ${VERSION}. Nothing was imported.`);
  }
  return file;
}

function readList(name: RecordList, records: unknown, bad: BadRecord[]): unknown[] {
  if (records === undefined || records === null) return [];
  if (!Array.isArray(records)) {
    bad.push({ place: name, message: "This should be a list." });
    return [];
  }
  const { form, most } = RECORDS[name];
  if (records.length > most) {
    bad.push({ place: name, message: `These are too many: ${most} at most. The rest was left out.` });
  }
  const taken = records.slice(0, most);
  if (name === "visits") return taken;
  const slugs = new Set<string>();
  return taken.flatMap((record, index) => {
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
