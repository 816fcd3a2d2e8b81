import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ZipFile } from "yazl";
import { type Lists, listsOf } from "../catalog/store";
import type { Database, Reader } from "../database/open";
import type { Instant } from "../database/tables";
import { Problem } from "../errors";
import type { Event } from "../events/store";
import { calendar } from "./calendar/rules";
import { cards } from "./cards/rules";
import { clockOf } from "./clock/rules";
import type { Filters } from "./form";
import { checklist, csv, type Format, json, jsonLines } from "./formats/rules";
import { pagesOf, partsOf, SMALL_SLICE } from "./rows/store";
import {
  COLUMNS,
  type Column,
  type Contact,
  type Context,
  type FollowUp,
  type FormatName,
  isWithoutContacts,
  type ListName,
  type Narrowed,
  namesOf,
  narrow,
  type PartedBy,
  purposeOf,
  type Rows,
  TITLES,
} from "./rules";
import { type Taking, type Trail, trailOf } from "./trail/store";
import { workbook } from "./workbook/rules";

/** A list of an event, ready to be written. */
export interface Export {
  list: ListName;
  event: Event;
  lists: Lists;
  experts: Expert[];
  narrowed: Narrowed;
  filters: Filters;
}

interface Expert {
  id: string;
  slug: string;
  name: string;
}

/** The experts that a list can be narrowed down to, by name. */
function expertsToChoose(read: Reader): Promise<Expert[]> {
  return read.selectFrom("experts").select(["id", "slug", "name"]).orderBy("name").orderBy("id").execute();
}

/** What there is to choose from when a list is narrowed down. */
export async function listChoices(read: Reader, event: Event) {
  return { lists: await listsOf(read, event.id), experts: await expertsToChoose(read) };
}

/** Looks up what an export is about. Throws `invalid` with a message a filter where one names what is not there. */
export async function prepareExport(
  read: Reader,
  { list, event, filters }: { list: ListName; event: Event; filters: Filters },
): Promise<Export> {
  const [lists, experts] = [await listsOf(read, event.id), await expertsToChoose(read)];
  const { narrowed, problems } = narrow(filters, lists, experts);
  if (problems.length > 0) throw new Problem("invalid", "This list cannot be made as asked.", problems);
  return { list, event, lists, experts, narrowed, filters };
}

/** Who takes an export, and what happens while it is read. */
export interface Way {
  by: Taking["actor"];
  /** Why contact details are taken. */
  why: string;
  now: () => Instant;
  /** The address at which others reach the laptop, where it keeps it. */
  publicUrl?: string;
  /** So many rows have been read since. */
  onRows?: (rows: number) => void;
}

/**
 * A file on its way: read it to the end, then say so. It is made while it is read, and whoever destroys it stops the
 * reading; what fails destroys it, so that half a file does not look whole.
 */
export interface File {
  content: Readable;
  /** All of it arrived. */
  arrived(): Promise<void>;
}

/** A list as a file of a format. */
export function exportFile(db: Database, what: Export, format: FormatName, way: Way): File {
  const trail = trailOf(db, takingOf(what, { format, way }), way.now);
  const content = contentOf(db, what, { format, way, trail, seen: new Set() });
  return { content, arrived: () => trail.end() };
}

/**
 * A list taken apart: a file an expert or project, and one of what is with none, in a ZIP. Throws `missing` where the list
 * has no row: a ZIP without a file opens nowhere.
 */
export async function exportZip(
  db: Database,
  what: Export,
  { by, format, way }: { by: PartedBy; format: FormatName; way: Way },
): Promise<File> {
  const ids = await partsOf(db.aside, by, what);
  if (ids.length === 0)
    throw new Problem("missing", "Nothing fits these filters, so there is nothing to pack.");
  const trail = trailOf(db, takingOf(what, { format, way, by }), way.now);
  const entries = by === "expert" ? what.experts : what.lists.projects;
  const slugs = new Map(entries.map(({ id, slug }) => [id, slug]));
  const zip = new ZipFile();
  const content = zip.outputStream as Readable;
  const seen = new Set<string>();
  let current: Readable | undefined;
  zip.on("error", (error) => content.destroy(error as Error));
  content.once("close", () => current?.destroy());
  for (const id of ids) {
    const slug = id === null ? `no-${by}` : (slugs.get(id) ?? id);
    const part = { ...what, narrowed: { ...what.narrowed, [`${by}Id`]: id } };
    const name = `${what.list}-${what.event.slug}/${slug}.${format}`;
    // One after the other: nothing is read before it is its turn.
    zip.addReadStreamLazy(name, { mtime: new Date(way.now()), compress: format !== "xlsx" }, (use) => {
      // Nobody else hears of what fails in there.
      current = contentOf(db, part, { format, way, trail, seen }).on("error", (error) =>
        content.destroy(error),
      );
      use(null, current);
    });
  }
  zip.end();
  return { content, arrived: () => trail.end() };
}

function takingOf(
  what: Export,
  { format, way, by }: { format: FormatName; way: Way; by?: PartedBy },
): Taking {
  const { event: _event, ...filters } = what.filters;
  const said = Object.entries({ by, ...filters }).filter((each): each is [string, string] => !!each[1]);
  return {
    eventId: what.event.id,
    actor: way.by,
    list: what.list,
    format,
    filters: new URLSearchParams(said).toString(),
    purpose: purposeOf(what.narrowed),
    reason: way.why,
  };
}

interface Made {
  format: FormatName;
  way: Way;
  trail: Trail;
  /** The visits of questions whose contact has left: several questions of a visitor are one contact. */
  seen: Set<string>;
}

function contentOf(db: Database, what: Export, made: Made): Readable {
  const { format, way } = made;
  const { list, event, lists } = what;
  const context = { event, names: namesOf(lists), clock: clockOf(event.time_zone), publicUrl: way.publicUrl };
  const columns = COLUMNS[list] as Column<AnyRow>[];
  const size = format === "xlsx" ? SMALL_SLICE : undefined;
  const pages = watched(pagesOf(db.aside, list, what, size), made);
  if (format === "xlsx") {
    return workbook({ title: TITLES[list], columns, context, made: new Date(way.now()) }, pages);
  }
  return Readable.from(written(formatOf(format, columns, context, `${TITLES[list]}: ${event.name}`), pages));
}

type AnyRow = Rows[ListName];

function formatOf(
  format: FormatName,
  columns: Column<AnyRow>[],
  context: Context,
  title: string,
): Format<AnyRow> {
  switch (format) {
    case "csv":
      return csv(columns, context);
    case "json":
      return json(columns, context);
    case "jsonl":
      return jsonLines(columns, context);
    case "md":
      return checklist(columns, context, title);
    case "ics":
      return calendar(context) as Format<FollowUp> as Format<AnyRow>;
    case "vcf":
      return cards(context) as Format<Contact> as Format<AnyRow>;
    case "xlsx":
      throw new Error("unreachable: a workbook is no text");
  }
}

/** Writes down what leaves before it does. */
async function* watched(
  pages: AsyncIterable<AnyRow[]>,
  { format, way, trail, seen }: Made,
): AsyncGenerator<AnyRow[]> {
  for await (const rows of pages) {
    if (!isWithoutContacts(format)) await trail.leave(rows.filter((row) => isNew(row, seen)).length);
    yield rows;
    way.onRows?.(rows.length);
  }
}

/** Whether a row takes a contact along that has not left in this export. */
function isNew(row: AnyRow, seen: Set<string>): boolean {
  if (!row.contact) return false;
  if (!("visitId" in row) || !("text" in row)) return true;
  return seen.size < seen.add(row.visitId).size;
}

/** The text of a list, page by page, with a turn for everybody else after each. */
async function* written(format: Format<AnyRow>, pages: AsyncIterable<AnyRow[]>): AsyncGenerator<string> {
  yield format.start;
  let isFirst = true;
  for await (const rows of pages) {
    const text = format.rows(rows, isFirst);
    if (text !== "") yield text;
    isFirst = false;
    await nextTurn();
  }
  yield format.end;
}
