/**
 * Figures that are kept: counts of an event that change in the same transaction as what they count, whoever changes it,
 * because triggers keep them. A report reads these and never the visits, so it costs the same however many there are.
 *
 * Its tables follow from all others and are made when the database opens, not by a migration:
 * - `kept_figures`: how many visits (or questions) and people there are of a day, booth, project and category (`''`: none),
 *   of each `key` of `what` is counted; see `WHAT`. No row: none.
 * - `kept_asked`: how often the same was asked, by the same parts; `likeness` is the question's. One that is not indexed yet
 *   is not among them.
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
const VERSION = "1";

/** What is counted: a name, what its key is made of, and which rows count. */
interface Part {
  /** The key, and which visits have it; `v` is the visit, and so is `of` where it is a row of another table. */
  key: string;
  where?: string;
  of?: { table: string; columns: string[] };
}

/** Minutes as they are kept: to the minute up to 2 hours, a quarter of an hour up to 2 days, an hour up to 30, then a day. */
const minutes = (from: string, until: string) => {
  const m = `(CASE WHEN ${until} < ${from} THEN 0 ELSE (${until} - ${from}) / 60000 END)`;
  return `CAST(CASE WHEN ${m} < 120 THEN ${m} WHEN ${m} < 2880 THEN ${m} / 15 * 15
    WHEN ${m} < 43200 THEN ${m} / 60 * 60 ELSE ${m} / 1440 * 1440 END AS TEXT)`;
};

const detail = (table: string, column: string) => ({
  key: `d.${column}`,
  of: { table, columns: ["visit_id", column] },
});
const QUESTION_COLUMNS = ["topic_id", "state", "expert_id", "asked_at", "routed_at", "answered_at"];
const question = (key: string, where?: string) => ({
  key,
  where,
  of: { table: "questions", columns: ["id"] },
});

/** Everything that is counted. A key of two parts has a blank between them; ids and numbers have none. */
export const WHAT = {
  /** Visits by hour of the event's zone. */
  hour: { key: "CAST(v.local_hour AS TEXT)" },
  /** By platform and how far the light went on. */
  light: {
    key: "coalesce(v.platform_id, '') || ' ' || coalesce(CAST(v.interest AS TEXT), '')",
    where: "(v.platform_id IS NOT NULL OR v.interest IS NOT NULL)",
  },
  /** Visits in which an overview was given. */
  overview: { key: "''", where: "v.overview_given = 1" },
  /** By hour and who logged it. */
  staff: { key: "CAST(v.local_hour AS TEXT) || ' ' || v.staff_name", where: "v.staff_name IS NOT NULL" },
  topic: detail("visit_topics", "topic_id"),
  remark: detail("visit_remarks", "remark_id"),
  giveaway: detail("visit_giveaways", "giveaway_id"),
  /** Visits with contact details. */
  contact: { key: "''", of: { table: "contacts", columns: ["visit_id"] } },
  /** By purpose that was agreed to. */
  consent: detail("contact_consents", "purpose"),
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

const CELL = "event_id, day, booth_id, project_id, category";

const cellOf = (visit: string) =>
  `${visit}.event_id AS event_id, ${visit}.local_day AS day, coalesce(${visit}.booth_id, '') AS booth_id,
   coalesce(${visit}.project_id, '') AS project_id, ${visit}.category AS category`;

/** The visits of a part, one row each; `which` narrows them down. */
function rowsOf([what, { key, where, of }]: [What, Part], which = ""): string {
  const join = of ? `JOIN ${of.table} AS d ON d.visit_id = v.id` : "";
  const people = of?.table === "questions" ? "0" : "v.people";
  const conditions = ["v.deleted_at IS NULL", where, which].filter(Boolean).join(" AND ");
  return `SELECT ${cellOf("v")}, '${what}' AS what, ${key} AS key, 1 AS visits, ${people} AS people
    FROM visits AS v ${join} WHERE ${conditions}`;
}

/** Every question, with what makes it the same as another. */
function askedOf(which = ""): string {
  return `SELECT ${cellOf("v")}, d.likeness AS likeness, 1 AS questions
    FROM visits AS v JOIN questions AS d ON d.visit_id = v.id
    WHERE v.deleted_at IS NULL AND d.likeness IS NOT NULL ${which && `AND ${which}`}`;
}

/**
 * A statement that adds rows to the kept figures, or takes them away. `single`: there are no two of the same, so nothing has
 * to be summed up first.
 */
function count(rows: string[], sign: "" | "-", single = false): string {
  const sum = (column: string) => (single ? `${sign}${column}` : `${sign}sum(${column})`);
  return `INSERT INTO kept_figures (${CELL}, what, key, visits, people)
    SELECT ${CELL}, what, key, ${sum("visits")}, ${sum("people")} FROM (${rows.join(" UNION ALL ")}) AS these
    WHERE true ${single ? "" : `GROUP BY ${CELL}, what, key`}
    ON CONFLICT (event_id, what, key, day, booth_id, project_id, category)
    DO UPDATE SET visits = kept_figures.visits + excluded.visits, people = kept_figures.people + excluded.people`;
}

/** The same for questions that are alike; their sums over the event follow from it. */
function countAsked(rows: string, sign: "" | "-"): string[] {
  const sums = (columns: string) =>
    `SELECT ${columns}, likeness, ${sign}sum(questions) FROM (${rows}) AS these
     WHERE true GROUP BY ${columns}, likeness`;
  return [
    `INSERT INTO kept_asked (${CELL}, likeness, questions) ${sums(CELL)}
     ON CONFLICT (event_id, likeness, day, booth_id, project_id, category)
     DO UPDATE SET questions = kept_asked.questions + excluded.questions`,
    `INSERT INTO kept_alike (event_id, likeness, questions) ${sums("event_id")}
     ON CONFLICT (event_id, likeness) DO UPDATE SET questions = kept_alike.questions + excluded.questions`,
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
const ofVisit = (row: string, sign: "" | "-") => [
  count(
    PARTS.map((part) => rowsOf(part, `v.id = ${row}.id`)),
    sign,
  ),
  ...countAsked(askedOf(`v.id = ${row}.id`), sign),
];
const thisQuestion = (row: string) => `v.id = ${row}.visit_id AND d.id = ${row}.id`;
const ofQuestion = (row: string, sign: "" | "-") => {
  const rows = QUESTION_PARTS.map((part) => rowsOf(part, thisQuestion(row)));
  return [count(rows, sign, true)];
};
const likenessOf = (row: string, sign: "" | "-") => countAsked(askedOf(thisQuestion(row)), sign);

const OCCASIONS: Occasion[] = [
  {
    name: "visit_added",
    table: "visits",
    event: "INSERT",
    // Its details are not there yet: they are counted as they come.
    on: [
      count(
        OWN.map((part) => rowsOf(part, "v.id = new.id")),
        "",
      ),
    ],
  },
  {
    name: "visit_changed",
    table: "visits",
    event: `UPDATE OF ${VISIT_COLUMNS.join(", ")}`,
    when: differ(VISIT_COLUMNS),
    off: ofVisit("old", "-"),
    on: ofVisit("new", ""),
  },
  // What goes with the visit finds none any more, and is counted off here.
  { name: "visit_gone", table: "visits", event: "DELETE", off: ofVisit("old", "-") },
  {
    name: "question_added",
    table: "questions",
    event: "INSERT",
    on: [...ofQuestion("new", ""), ...likenessOf("new", "")],
  },
  {
    name: "question_changed",
    table: "questions",
    event: `UPDATE OF ${QUESTION_COLUMNS.join(", ")}`,
    when: differ(QUESTION_COLUMNS),
    off: ofQuestion("old", "-"),
    on: ofQuestion("new", ""),
  },
  {
    name: "question_gone",
    table: "questions",
    event: "DELETE",
    off: [...ofQuestion("old", "-"), ...likenessOf("old", "-")],
  },
  // It comes after the question, which is indexed at the end of the same transaction.
  {
    name: "likeness_changed",
    table: "questions",
    event: "UPDATE OF likeness",
    when: differ(["likeness"]),
    off: likenessOf("old", "-"),
    on: likenessOf("new", ""),
  },
  ...PARTS.flatMap(([what, part]): Occasion[] => {
    const { of } = part;
    if (!of || of.table === "questions") return [];
    const rows = (row: string) => {
      const own = of.columns.map((column) => `d.${column} = ${row}.${column}`);
      return rowsOf([what, part], [`v.id = ${row}.visit_id`, ...own].join(" AND "));
    };
    return [
      { name: `${what}_added`, table: of.table, event: "INSERT", on: [count([rows("new")], "", true)] },
      { name: `${what}_gone`, table: of.table, event: "DELETE", off: [count([rows("old")], "-", true)] },
    ];
  }),
];

const EMPTIED: [table: string, when: string, key: string[]][] = [
  [
    "kept_figures",
    "new.visits = 0 AND new.people = 0",
    ["event_id", "what", "key", "day", "booth_id", "project_id", "category"],
  ],
  ["kept_asked", "new.questions = 0", ["event_id", "likeness", "day", "booth_id", "project_id", "category"]],
  ["kept_alike", "new.questions = 0", ["event_id", "likeness"]],
];

/** Rows of nothing go: a name or a hash must not outlive what it was counted for. */
const emptied = ([table, , key]: (typeof EMPTIED)[number]) =>
  `DELETE FROM ${table} WHERE ${key.map((column) => `${column} = new.${column}`).join(" AND ")}`;

const tables = (withoutRowid: string) => [
  `CREATE TABLE IF NOT EXISTS kept_made (version TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS kept_figures (
     event_id TEXT NOT NULL, what TEXT NOT NULL, key TEXT NOT NULL, day TEXT NOT NULL, booth_id TEXT NOT NULL,
     project_id TEXT NOT NULL, category TEXT NOT NULL, visits BIGINT NOT NULL, people BIGINT NOT NULL,
     PRIMARY KEY (event_id, what, key, day, booth_id, project_id, category)) ${withoutRowid}`,
  `CREATE TABLE IF NOT EXISTS kept_asked (
     event_id TEXT NOT NULL, likeness TEXT NOT NULL, day TEXT NOT NULL, booth_id TEXT NOT NULL,
     project_id TEXT NOT NULL, category TEXT NOT NULL, questions BIGINT NOT NULL,
     PRIMARY KEY (event_id, likeness, day, booth_id, project_id, category)) ${withoutRowid}`,
  `CREATE TABLE IF NOT EXISTS kept_alike (
     event_id TEXT NOT NULL, likeness TEXT NOT NULL, questions BIGINT NOT NULL,
     PRIMARY KEY (event_id, likeness)) ${withoutRowid}`,
  "CREATE INDEX IF NOT EXISTS kept_alike_most ON kept_alike (event_id, questions, likeness)",
];

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
    for (const statement of tables(isPostgres ? "" : "WITHOUT ROWID"))
      await sql.raw(statement).execute(writer);
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
  for (const table of ["kept_figures", "kept_asked", "kept_alike"]) {
    await sql.raw(`DELETE FROM ${table}`).execute(writer);
  }
  for (const part of PARTS) await sql.raw(count([rowsOf(part)], "")).execute(writer);
  for (const statement of countAsked(askedOf(), "")) await sql.raw(statement).execute(writer);
}

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
    const kept = `SELECT * FROM kept_figures WHERE what = '${part[0]}'`;
    await compare(part[0], kept, rowsOf(part), `${CELL}, what, key`, ["visits", "people"]);
  }
  await compare("asked", "SELECT * FROM kept_asked", askedOf(), `${CELL}, likeness`, ["questions"]);
  await compare("alike", "SELECT * FROM kept_alike", askedOf(), "event_id, likeness", ["questions"]);
  return differences;
}
