/**
 * Figures that are kept: counts of an event that change in the same transaction as what they count, whoever changes it,
 * because triggers keep them. A report reads these and never the visits, so it costs the same however many there are.
 *
 * Its tables follow from all others and are made when the database opens, not by a migration:
 * - `kept_cells`: a day, booth, project and category (`''`: none) of an event under which anything was counted.
 * - `kept_figures`: how many visits (or questions) and people there are in a cell, of each `key` of `what` is counted; see
 *   `WHAT`. `hour` is that of the visits, of `visit` alone, else -1. No row: none.
 * - `kept_asked`: how often the same was asked in a cell; `likeness` is the question's. One that is not indexed yet is not
 *   among them.
 * - `kept_alike`: the sum of these over an event.
 * - `kept_made`: the way in which figures were counted when all were counted last.
 *
 * Visits in the bin and their questions are not counted.
 */
import { type Kysely, PostgresAdapter, sql } from "kysely";
import type { WriteDoor, Writer } from "./door";
import type { Reader } from "./open";
import type { Tables } from "./tables";

/** Another one wherever something is counted in another way: then all is counted anew. */
const VERSION = "2";

/** What is counted: a name, what its key is made of, and which rows count. */
interface Part {
  /** The key, and which visits have it; `v` is the visit, `d` the row of another table that belongs to it. */
  key: string;
  hour?: string;
  where?: string;
  of?: { table: string };
}

/**
 * Minutes as they are kept, rounded down: to the minute up to a quarter of an hour, to 5 up to an hour, to 15 up to 3 hours,
 * to the hour up to 12, to 4 hours up to 2 days, to 12 up to a week, to the day up to 30, then to the week.
 */
const minutes = (from: string, until: string) => {
  const m = `(CASE WHEN ${until} < ${from} THEN 0 ELSE (${until} - ${from}) / 60000 END)`;
  const steps = [
    [15, 1],
    [60, 5],
    [180, 15],
    [720, 60],
    [2880, 240],
    [10_080, 720],
    [43_200, 1440],
  ].map(([below, step]) => `WHEN ${m} < ${below} THEN ${m} / ${step} * ${step}`);
  return `CAST(CASE ${steps.join(" ")} ELSE ${m} / 10080 * 10080 END AS TEXT)`;
};

const detail = (table: string, column: string) => ({
  key: `d.${column}`,
  of: { table },
});
const QUESTION_COLUMNS = ["topic_id", "state", "expert_id", "asked_at", "routed_at", "answered_at"];
const question = (key: string, where?: string) => ({
  key,
  where,
  of: { table: "questions" },
});

/** Everything that is counted. A key of several parts has blanks between them; ids and numbers have none. */
export const WHAT = {
  /** All visits, by who logged them and hour. */
  visit: { key: "coalesce(v.staff_name, '')", hour: "v.local_hour" },
  /** By platform, how far the light went on, and whether an overview was given. One row for three, because each costs a write. */
  light: {
    key: `coalesce(v.platform_id, '') || ' ' || coalesce(CAST(v.interest AS TEXT), '') || ' ' ||
      coalesce(CAST(v.overview_given AS TEXT), '')`,
    where: "(v.platform_id IS NOT NULL OR v.interest IS NOT NULL OR v.overview_given IS NOT NULL)",
  },
  topic: detail("visit_topics", "topic_id"),
  remark: detail("visit_remarks", "remark_id"),
  giveaway: detail("visit_giveaways", "giveaway_id"),
  /** Visits with contact details. */
  contact: { key: "''", of: { table: "contacts" } },
  /** By purpose that was agreed to. */
  consent: detail("contact_consents", "purpose"),
  /** The same of visitors who were erased: that they had left details, and what they had agreed to. */
  erased: detail("erased_contacts", "what"),
  /** Questions by topic and state. */
  question: question("coalesce(d.topic_id, '') || ' ' || d.state"),
  /** Questions by who has them, or had them last, and state. */
  expert: question("d.expert_id || ' ' || d.state", "d.expert_id IS NOT NULL"),
  /** Questions by minutes from being asked to being routed first. */
  "to-route": question(minutes("d.asked_at", "d.routed_at"), "d.routed_at IS NOT NULL"),
  /** Questions by minutes from being asked to being answered. */
  "to-answer": question(minutes("d.asked_at", "d.answered_at"), "d.answered_at IS NOT NULL"),
} as const satisfies Record<string, Part>;

export type What = keyof typeof WHAT;

const PARTS = Object.entries(WHAT) as [What, Part][];
const OWN = PARTS.filter(([, part]) => !part.of);

const CELL = "event_id, day, category, project_id, booth_id";

/** What a visit is counted under, column by column. */
const cellOf = (visit: string) => ({
  event_id: `${visit}.event_id`,
  day: `${visit}.local_day`,
  category: `${visit}.category`,
  project_id: `coalesce(${visit}.project_id, '')`,
  booth_id: `coalesce(${visit}.booth_id, '')`,
});
const columnsOf = (visit: string) =>
  Object.entries(cellOf(visit)).map(([column, value]) => `${value} AS ${column}`);
const isCellOf = (visit: string) =>
  Object.entries(cellOf(visit)).map(([column, value]) => `c.${column} = ${value}`);

/** The row that a trigger fires for: the visit itself, or a row of another table that belongs to a visit. */
interface Fired {
  row: "new" | "old";
  is: "visit" | "detail";
}

/**
 * The visits of a part, one row each, as far as they count: all of them, those that `which` says, or what a trigger fires for.
 * A trigger's own row is at hand, and is not looked up again.
 */
function rowsOf(
  [what, { key, hour = "-1", where, of }]: [What, Part],
  { which, sign = "", ...given }: Rows = {},
): string {
  const people = of?.table === "questions" ? "0" : `${sign}v.people`;
  const columns = `'${what}' AS what, ${key} AS key, ${hour} AS hour, ${sign}1 AS visits, ${people} AS people`;
  return rows(columns, of?.table, given, [where, which]);
}

/** Every question that is indexed, with what makes it the same as another; narrowed down as `rowsOf` is. */
function askedOf({ which, sign = "", ...given }: Rows = {}): string {
  const event = given.afresh ? "" : "v.event_id AS event_id,";
  const columns = `${event} d.likeness AS likeness, ${sign}1 AS questions`;
  return rows(columns, "questions", given, ["d.likeness IS NOT NULL", which]);
}

interface Rows {
  which?: string;
  fired?: Fired;
  /** With a minus the rows are counted off. */
  sign?: "" | "-";
  /** With what the cell is, instead of its number: as if no cell were kept. */
  afresh?: boolean;
}

/** Rows of columns of visits (`v`), their cell (`c`) and, where there is one, of another table (`d`). */
function rows(
  columns: string,
  table: string | undefined,
  { fired, afresh }: Rows,
  conditions: (string | undefined)[],
): string {
  const isDetail = fired?.is === "detail";
  const from = [
    fired?.is !== "visit" && "visits AS v",
    table && !isDetail && `${table} AS d`,
    !afresh && "kept_cells AS c",
  ];
  const all = [
    "v.deleted_at IS NULL",
    table && "d.visit_id = v.id",
    ...(afresh ? [] : isCellOf("v")),
    ...conditions,
  ];
  const cell = afresh ? columnsOf("v").join(", ") : "c.id AS cell";
  const text = `SELECT ${cell}, ${columns} FROM ${from.filter(Boolean).join(", ")}
    WHERE ${all.filter(Boolean).join(" AND ")}`;
  if (!fired) return text;
  return text.replace(isDetail ? /\bd\./g : /\bv\./g, `${fired.row}.`);
}

/** Makes the cells of visits, where they are not there yet. */
const makeCells = (from: string) =>
  `INSERT INTO kept_cells (${CELL}) SELECT DISTINCT ${from} ON CONFLICT DO NOTHING`;

const ON_FIGURES = `ON CONFLICT (cell, what, key, hour)
  DO UPDATE SET visits = kept_figures.visits + excluded.visits, people = kept_figures.people + excluded.people`;
const ON_ASKED = `ON CONFLICT (likeness, cell)
  DO UPDATE SET questions = kept_asked.questions + excluded.questions`;
const ON_ALIKE = `ON CONFLICT (event_id, likeness)
  DO UPDATE SET questions = kept_alike.questions + excluded.questions`;

/** A statement that counts rows, of which several may be counted together. */
function count(rows: string[]): string {
  const columns = "cell, what, key, hour";
  // Both engines have to know where the rows end and the conflict begins: hence the condition.
  return `INSERT INTO kept_figures (${columns}, visits, people)
    SELECT ${columns}, sum(visits), sum(people) FROM (${rows.join(" UNION ALL ")}) AS these
    WHERE true GROUP BY ${columns} ${ON_FIGURES}`;
}

/** The same for questions that are alike; their sums over the event follow from it. */
function countAsked(rows: string): string[] {
  const sums = (columns: string) =>
    `SELECT ${columns}, likeness, sum(questions) FROM (${rows}) AS these WHERE true GROUP BY ${columns}, likeness`;
  return [
    `INSERT INTO kept_asked (cell, likeness, questions) ${sums("cell")} ${ON_ASKED}`,
    `INSERT INTO kept_alike (event_id, likeness, questions) ${sums("event_id")} ${ON_ALIKE}`,
  ];
}

/** Statements that count a trigger's own row: one each of the parts, nothing to be summed up first. */
function countFired(parts: [What, Part][], fired: Fired, sign: "" | "-" = ""): string[] {
  return parts.map(
    (part) =>
      `INSERT INTO kept_figures (cell, what, key, hour, visits, people) ${rowsOf(part, { fired, sign })} ${ON_FIGURES}`,
  );
}

function countFiredAsked(row: Fired["row"], sign: "" | "-" = ""): string[] {
  const rows = askedOf({ fired: { row, is: "detail" }, sign });
  return [
    `INSERT INTO kept_asked (cell, likeness, questions)
     SELECT cell, likeness, questions FROM (${rows}) AS this WHERE true ${ON_ASKED}`,
    `INSERT INTO kept_alike (event_id, likeness, questions)
     SELECT event_id, likeness, questions FROM (${rows}) AS this WHERE true ${ON_ALIKE}`,
  ];
}

const QUESTION_PARTS = PARTS.filter(([, part]) => part.of?.table === "questions");

/** When figures change: at which statements of which table, and which rows are counted off before and on after it. */
interface Occasion {
  name: string;
  table: string;
  event: string;
  /** Only then. */
  when?: string;
  off?: string[];
  on?: string[];
}

const differ = (columns: string[]) =>
  columns.map((column) => `old.${column} IS DISTINCT FROM new.${column}`).join(" OR ");

const VISIT_COLUMNS = [
  "booth_id",
  "project_id",
  "platform_id",
  "category",
  "local_day",
  "local_hour",
  "people",
  "interest",
  "overview_given",
  "staff_name",
  "deleted_at",
];

/** All that is counted of a visit; its details with it, because they are counted under its day, project and so on. */
function ofVisit(row: "new" | "old", sign: "" | "-" = ""): string[] {
  const which = `v.id = ${row}.id`;
  return [count(PARTS.map((part) => rowsOf(part, { which, sign }))), ...countAsked(askedOf({ which, sign }))];
}

const ofDetail = (parts: [What, Part][], row: "new" | "old", sign: "" | "-" = "") =>
  countFired(parts, { row, is: "detail" }, sign);

const OCCASIONS: Occasion[] = [
  {
    name: "visit_added",
    table: "visits",
    event: "INSERT",
    // Its details are not there yet: they are counted as they come.
    on: [
      makeCells(`${columnsOf("new").join(", ")} WHERE true`),
      ...countFired(OWN, { row: "new", is: "visit" }),
    ],
  },
  {
    name: "visit_changed",
    table: "visits",
    event: `UPDATE OF ${VISIT_COLUMNS.join(", ")}`,
    when: differ(VISIT_COLUMNS),
    off: ofVisit("old", "-"),
    on: [makeCells(`${columnsOf("new").join(", ")} WHERE true`), ...ofVisit("new")],
  },
  // What goes with the visit finds none any more, and is counted off here.
  { name: "visit_gone", table: "visits", event: "DELETE", off: ofVisit("old", "-") },
  {
    name: "question_added",
    table: "questions",
    event: "INSERT",
    on: [...ofDetail(QUESTION_PARTS, "new"), ...countFiredAsked("new")],
  },
  {
    name: "question_changed",
    table: "questions",
    event: `UPDATE OF ${QUESTION_COLUMNS.join(", ")}`,
    when: differ(QUESTION_COLUMNS),
    off: ofDetail(QUESTION_PARTS, "old", "-"),
    on: ofDetail(QUESTION_PARTS, "new"),
  },
  {
    name: "question_gone",
    table: "questions",
    event: "DELETE",
    off: [...ofDetail(QUESTION_PARTS, "old", "-"), ...countFiredAsked("old", "-")],
  },
  // It comes after the question, which is indexed at the end of the same transaction.
  {
    name: "likeness_changed",
    table: "questions",
    event: "UPDATE OF likeness",
    when: differ(["likeness"]),
    off: countFiredAsked("old", "-"),
    on: countFiredAsked("new"),
  },
  ...PARTS.flatMap((part): Occasion[] => {
    const [what, { of }] = part;
    if (!of || of.table === "questions") return [];
    return [
      { name: `${what}_added`, table: of.table, event: "INSERT", on: ofDetail([part], "new") },
      { name: `${what}_gone`, table: of.table, event: "DELETE", off: ofDetail([part], "old", "-") },
    ];
  }),
];

const EMPTIED: [table: string, when: string, key: string[]][] = [
  ["kept_figures", "new.visits = 0 AND new.people = 0", ["cell", "what", "key", "hour"]],
  ["kept_asked", "new.questions = 0", ["likeness", "cell"]],
  ["kept_alike", "new.questions = 0", ["event_id", "likeness"]],
];

/** Rows of nothing go: a name or a hash must not outlive what it was counted for. */
const emptied = ([table, , key]: (typeof EMPTIED)[number]) =>
  `DELETE FROM ${table} WHERE ${key.map((column) => `${column} = new.${column}`).join(" AND ")}`;

const tables = ({ number, withoutRowid }: { number: string; withoutRowid: string }) => [
  "CREATE TABLE IF NOT EXISTS kept_made (version TEXT NOT NULL)",
  `CREATE TABLE IF NOT EXISTS kept_cells (
     id ${number}, event_id TEXT NOT NULL, day TEXT NOT NULL, category TEXT NOT NULL, project_id TEXT NOT NULL,
     booth_id TEXT NOT NULL, UNIQUE (event_id, day, category, project_id, booth_id))`,
  `CREATE TABLE IF NOT EXISTS kept_figures (
     cell BIGINT NOT NULL, what TEXT NOT NULL, key TEXT NOT NULL, hour INTEGER NOT NULL, visits BIGINT NOT NULL,
     people BIGINT NOT NULL, PRIMARY KEY (cell, what, key, hour)) ${withoutRowid}`,
  `CREATE TABLE IF NOT EXISTS kept_asked (
     likeness TEXT NOT NULL, cell BIGINT NOT NULL, questions BIGINT NOT NULL,
     PRIMARY KEY (likeness, cell)) ${withoutRowid}`,
  `CREATE TABLE IF NOT EXISTS kept_alike (
     event_id TEXT NOT NULL, likeness TEXT NOT NULL, questions BIGINT NOT NULL,
     PRIMARY KEY (event_id, likeness)) ${withoutRowid}`,
  "CREATE INDEX IF NOT EXISTS kept_alike_most ON kept_alike (event_id, questions, likeness)",
];
const TABLES_OF = {
  sqlite: { number: "INTEGER PRIMARY KEY", withoutRowid: "WITHOUT ROWID" },
  postgres: { number: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", withoutRowid: "" },
};

/** A column list after UPDATE OF is part of how both engines name an event. */
function sqliteTriggers(): string[] {
  const trigger = (name: string, timing: string, when: string | undefined, body: string[]) => {
    const condition = when ? `WHEN ${when}` : "";
    return [
      `DROP TRIGGER IF EXISTS kept_${name}`,
      `CREATE TRIGGER kept_${name} ${timing} ${condition} BEGIN ${body.join("; ")}; END`,
    ];
  };
  return [
    ...OCCASIONS.flatMap(({ name, table, event, when, off, on }) => [
      ...(off ? trigger(`${name}_off`, `BEFORE ${event} ON ${table}`, when, off) : []),
      ...(on ? trigger(`${name}_on`, `AFTER ${event} ON ${table}`, when, on) : []),
    ]),
    ...EMPTIED.flatMap((each) =>
      trigger(`${each[0]}_emptied`, `AFTER UPDATE ON ${each[0]}`, each[1], [emptied(each)]),
    ),
  ];
}

function postgresTriggers(): string[] {
  const trigger = (
    name: string,
    timing: "BEFORE" | "AFTER",
    event: string,
    table: string,
    when: string | undefined,
    body: string[],
  ) => [
    `CREATE OR REPLACE FUNCTION kept_${name}() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN ${body.join("; ")}; RETURN ${timing === "AFTER" ? "NULL" : event === "DELETE" ? "OLD" : "NEW"}; END $$`,
    `CREATE OR REPLACE TRIGGER kept_${name} ${timing} ${event} ON ${table} FOR EACH ROW
     ${when ? `WHEN (${when})` : ""} EXECUTE FUNCTION kept_${name}()`,
  ];
  return [
    ...OCCASIONS.flatMap(({ name, table, event, when, off, on }) => [
      ...(off ? trigger(`${name}_off`, "BEFORE", event, table, when, off) : []),
      ...(on ? trigger(`${name}_on`, "AFTER", event, table, when, on) : []),
    ]),
    ...EMPTIED.flatMap((each) =>
      trigger(`${each[0]}_emptied`, "AFTER", "UPDATE", each[0], each[1], [emptied(each)]),
    ),
  ];
}

/** Makes what keeping figures needs, where it is not there yet, and counts all where it was counted in another way. */
export async function keepFigures(read: Reader, door: WriteDoor): Promise<void> {
  const isPostgres = read.getExecutor().adapter instanceof PostgresAdapter;
  await door.write(async (writer) => {
    // Two programs that start at once make it one after the other.
    if (isPostgres) await sql`SELECT pg_advisory_xact_lock(20140416)`.execute(writer);
    for (const statement of tables(TABLES_OF[isPostgres ? "postgres" : "sqlite"])) {
      await sql.raw(statement).execute(writer);
    }
    const made = await sql<{ version: string }>`SELECT version FROM kept_made`.execute(writer);
    if (made.rows[0]?.version === VERSION) return;
    for (const statement of isPostgres ? postgresTriggers() : sqliteTriggers()) {
      await sql.raw(statement).execute(writer);
    }
    await countAnew(writer);
    await sql`DELETE FROM kept_made`.execute(writer);
    await sql`INSERT INTO kept_made (version) VALUES (${VERSION})`.execute(writer);
  });
}

/** Counts everything anew. Takes about 10 seconds a million visits, in which nothing else is written. */
export async function countAnew(writer: Writer): Promise<void> {
  for (const table of ["kept_figures", "kept_asked", "kept_alike", "kept_cells"]) {
    await sql.raw(`DELETE FROM ${table}`).execute(writer);
  }
  await sql.raw(makeCells(`${columnsOf("v").join(", ")} FROM visits AS v WHERE true`)).execute(writer);
  for (const part of PARTS) await sql.raw(count([rowsOf(part)])).execute(writer);
  for (const statement of countAsked(askedOf())) await sql.raw(statement).execute(writer);
}

/** Kept counts with what their cells are; where a cell is missing, of no event. */
const inCells = (table: string) =>
  `(SELECT ${CELL.replaceAll(/\w+/g, (column) => `coalesce(c.${column}, '') AS ${column}`)}, ${table}.*
    FROM ${table} LEFT JOIN kept_cells AS c ON c.id = ${table}.cell) AS counts`;

/** A kept figure that is not what counting gives. */
export interface Difference {
  /** Of what, such as `remark`, or `asked` and `alike` for questions that are the same. */
  what: string;
  eventId: string;
  kept: number;
  counted: number;
}

/**
 * Counts everything afresh and compares it with what is kept: one row a part of an event in which they differ, with the sums.
 * Reads all visits: a second or two each hundred thousand, in one query a part.
 */
export async function checkFigures(read: Kysely<Tables>): Promise<Difference[]> {
  const differences: Difference[] = [];
  const compare = async (what: string, kept: string, counted: string, keys: string, numbers: string[]) => {
    const sums = numbers.map((number) => `sum(${number}) AS ${number}`).join(", ");
    const fresh = `SELECT ${keys}, ${sums} FROM (${counted}) AS each_one GROUP BY ${keys}`;
    const columns = `${keys}, ${numbers.join(", ")}`;
    const first = numbers[0] as string;
    const { rows } = await sql<{ event_id: string; kept: number; counted: number }>`
      ${sql.raw(`SELECT event_id, sum(kept) AS kept, sum(counted) AS counted FROM (
        SELECT event_id, ${first} AS kept, 0 AS counted FROM (SELECT ${columns} FROM (${kept}) AS k EXCEPT SELECT ${columns} FROM (${fresh}) AS f) AS more
        UNION ALL
        SELECT event_id, 0, ${first} FROM (SELECT ${columns} FROM (${fresh}) AS f EXCEPT SELECT ${columns} FROM (${kept}) AS k) AS less
      ) AS sides GROUP BY event_id ORDER BY event_id`)}`.execute(read);
    for (const row of rows) {
      differences.push({
        what,
        eventId: row.event_id,
        kept: Number(row.kept),
        counted: Number(row.counted),
      });
    }
  };
  for (const part of PARTS) {
    const kept = `SELECT * FROM ${inCells("kept_figures")} WHERE what = '${part[0]}'`;
    await compare(part[0], kept, rowsOf(part, { afresh: true }), `${CELL}, what, key, hour`, [
      "visits",
      "people",
    ]);
  }
  const asked = askedOf({ afresh: true });
  await compare("asked", `SELECT * FROM ${inCells("kept_asked")}`, asked, `${CELL}, likeness`, ["questions"]);
  await compare("alike", "SELECT * FROM kept_alike", asked, "event_id, likeness", ["questions"]);
  return differences;
}
