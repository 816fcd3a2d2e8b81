/**
 * Full text over questions. What finds a word differs between engines, so all of it is here: SQLite has FTS5, PostgreSQL
 * has `tsvector`. Neither reads a text: whoever indexes gives the words that a question is found by, whoever searches the
 * words to look for, so that both find the same.
 *
 * Its tables follow from all others and are made when the database opens, not by a migration:
 * - `search_waiting`: the questions whose words changed since they were indexed. Triggers put them there, so that nobody
 *   who changes a question, its visit's note or contact can forget it; they are indexed before the same commit.
 * - `search_documents`: the questions that are indexed; on SQLite with the number under which `search_words` has them.
 * - `search_made`: the way in which words were made of texts when all were indexed last.
 * - `search_words`, on SQLite: FTS5 itself, with a column for what was asked and answered and one for the rest.
 */
import { type Kysely, PostgresAdapter, type RawBuilder, type SqlBool, sql } from "kysely";
import { compiledOnce } from "./compiled";
import type { WriteDoor, Writer } from "./door";
import type { Reader } from "./open";
import type { Tables } from "./tables";

/** What a question is found by. Words hold no blank; their order and number count for the rank alone. */
export interface Document {
  /** What was asked and answered: what makes questions alike. */
  asked: string[];
  /** Whatever else a search may find it by: note and contact of the visit. */
  around: string[];
}

/** A word to look for; `isStart`: words that begin with it count too. */
export interface SearchTerm {
  word: string;
  isStart?: boolean;
}

/** What must occur: of each part one alternative, of that all terms. */
export type SearchQuery = SearchTerm[][][];

/** Makes what searching needs, where it is not there yet. All questions wait to be indexed then. */
export async function makeSearchable(read: Reader, door: WriteDoor): Promise<void> {
  const statements = isPostgres(read) ? POSTGRES : SQLITE;
  await door.write(async (writer) => {
    for (const statement of statements) await sql.raw(statement).execute(writer);
    const made = await sql<{ version: string }>`SELECT version FROM search_made`.execute(writer);
    if (made.rows[0]?.version === VERSION) return;
    await sql`DELETE FROM search_made`.execute(writer);
    await sql`INSERT INTO search_made (version) VALUES (${VERSION})`.execute(writer);
    const all = sql`SELECT id FROM questions WHERE true`;
    await sql`INSERT INTO search_waiting (question_id) ${all} ON CONFLICT DO NOTHING`.execute(writer);
  });
}

/** Another one wherever words are made of texts in another way: then all are indexed anew. */
const VERSION = "2";

const MADE = "CREATE TABLE IF NOT EXISTS search_made (version TEXT NOT NULL)";

const SQLITE = [
  MADE,
  "CREATE TABLE IF NOT EXISTS search_waiting (question_id TEXT PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS search_documents (number INTEGER PRIMARY KEY, question_id TEXT NOT NULL UNIQUE)",
  // Words come as they are wanted: split at blanks, and what is neither letter nor digit is part of them.
  `CREATE VIRTUAL TABLE IF NOT EXISTS search_words
    USING fts5(asked, around, tokenize = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[]^_\`{|}~'")`,
  // What is erased leaves no words in the index.
  "INSERT INTO search_words (search_words, rank) VALUES ('secure-delete', 1)",
  sqliteTrigger(
    "question_asked",
    "AFTER INSERT ON questions",
    "SELECT coalesce(new.merged_into, new.id) AS id",
  ),
  sqliteTrigger(
    "question_changed",
    `AFTER UPDATE OF text, answer, merged_into, hidden ON questions
     WHEN old.text IS NOT new.text OR old.answer IS NOT new.answer
       OR old.merged_into IS NOT new.merged_into OR old.hidden IS NOT new.hidden`,
    `SELECT new.id AS id UNION SELECT coalesce(old.merged_into, old.id)
     UNION SELECT coalesce(new.merged_into, new.id)`,
  ),
  sqliteTrigger(
    "question_gone",
    "AFTER DELETE ON questions",
    "SELECT old.id AS id UNION SELECT coalesce(old.merged_into, old.id)",
  ),
  sqliteTrigger("contact_left", "AFTER INSERT ON contacts", ofVisit("new.visit_id")),
  sqliteTrigger("contact_changed", "AFTER UPDATE ON contacts", ofVisit("new.visit_id")),
  sqliteTrigger("contact_gone", "AFTER DELETE ON contacts", ofVisit("old.visit_id")),
  sqliteTrigger(
    "note_changed",
    "AFTER UPDATE OF note ON visits WHEN old.note IS NOT new.note",
    ofVisit("new.id"),
  ),
];

/** `which`: a query of the ids. An OR IGNORE would not count here, where the statement that fires it has a conflict clause. */
function sqliteTrigger(name: string, when: string, which: string): string {
  return `CREATE TRIGGER IF NOT EXISTS search_${name} ${when}
    BEGIN INSERT INTO search_waiting (question_id) SELECT id FROM (${which}) AS these
      WHERE id NOT IN (SELECT question_id FROM search_waiting); END`;
}

function ofVisit(id: string): string {
  return `SELECT DISTINCT coalesce(merged_into, id) AS id FROM questions WHERE visit_id = ${id}`;
}

const POSTGRES = [
  // Two programs that start at once make it one after the other.
  "SELECT pg_advisory_xact_lock(20140415)",
  MADE,
  "CREATE TABLE IF NOT EXISTS search_waiting (question_id TEXT PRIMARY KEY)",
  "CREATE TABLE IF NOT EXISTS search_documents (question_id TEXT PRIMARY KEY, words tsvector NOT NULL)",
  "CREATE INDEX IF NOT EXISTS search_by_word ON search_documents USING gin (words)",
  `CREATE OR REPLACE FUNCTION search_question() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP <> 'INSERT' THEN
        INSERT INTO search_waiting VALUES (OLD.id), (coalesce(OLD.merged_into, OLD.id)) ON CONFLICT DO NOTHING;
      END IF;
      IF TG_OP <> 'DELETE' THEN
        INSERT INTO search_waiting VALUES (coalesce(NEW.merged_into, NEW.id)) ON CONFLICT DO NOTHING;
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE OR REPLACE FUNCTION search_visit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO search_waiting ${ofVisit("NEW.id")} ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$`,
  `CREATE OR REPLACE FUNCTION search_contact() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        INSERT INTO search_waiting ${ofVisit("OLD.visit_id")} ON CONFLICT DO NOTHING;
      ELSE
        INSERT INTO search_waiting ${ofVisit("NEW.visit_id")} ON CONFLICT DO NOTHING;
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE OR REPLACE TRIGGER search_question AFTER INSERT OR DELETE OR UPDATE OF text, answer, merged_into, hidden
    ON questions FOR EACH ROW EXECUTE FUNCTION search_question()`,
  `CREATE OR REPLACE TRIGGER search_contact AFTER INSERT OR UPDATE OR DELETE
    ON contacts FOR EACH ROW EXECUTE FUNCTION search_contact()`,
  `CREATE OR REPLACE TRIGGER search_visit AFTER UPDATE OF note
    ON visits FOR EACH ROW EXECUTE FUNCTION search_visit()`,
];

const takeFirst = compiledOnce((db, { most }: { most: number }) =>
  db
    .deleteFrom("search_waiting")
    .where("question_id", "in", (each) => {
      const first = each.selectFrom("search_waiting").select("question_id").limit(most);
      // Another program on the same database may be about some of them already.
      return isPostgres(db) ? first.forUpdate().skipLocked() : first;
    })
    .returning("question_id"),
);

/** Takes questions that wait to be indexed, `most` at most. */
export async function takeWaiting(writer: Writer, most: number): Promise<string[]> {
  return (await takeFirst(writer, { most })).map((row) => row.question_id);
}

/** Makes a question found by these words from now on. */
export async function indexDocument(writer: Writer, questionId: string, document: Document): Promise<void> {
  if (isPostgres(writer)) {
    const words = sql`${vectorOf(document)}::tsvector`;
    await sql`INSERT INTO search_documents (question_id, words) VALUES (${questionId}, ${words})
      ON CONFLICT (question_id) DO UPDATE SET words = excluded.words`.execute(writer);
    return;
  }
  const [asked, around] = [document.asked.join(" "), document.around.join(" ")];
  const [added] = await addDocument(writer, { questionId });
  if (added) {
    await addWords(writer, { number: added.number, asked, around });
    return;
  }
  const number = await numberOf(writer, questionId);
  await sql`UPDATE search_words SET asked = ${asked}, around = ${around} WHERE rowid = ${number}`.execute(
    writer,
  );
}

/** Gives no row where it is there already. */
const addDocument = compiledOnce(
  (_, { questionId }: { questionId: string }) => sql<{ number: number }>`
    INSERT INTO search_documents (question_id) VALUES (${questionId})
    ON CONFLICT (question_id) DO NOTHING RETURNING number`,
);
const addWords = compiledOnce(
  (_, { number, asked, around }: { number: number; asked: string; around: string }) =>
    sql`INSERT INTO search_words (rowid, asked, around) VALUES (${number}, ${asked}, ${around})`,
);

/** A question is found by nothing from now on. */
export async function dropDocument(writer: Writer, questionId: string): Promise<void> {
  if (!isPostgres(writer)) {
    const number = await numberOf(writer, questionId);
    if (number === undefined) return;
    await sql`DELETE FROM search_words WHERE rowid = ${number}`.execute(writer);
  }
  await sql`DELETE FROM search_documents WHERE question_id = ${questionId}`.execute(writer);
}

async function numberOf(writer: Writer, questionId: string): Promise<number | undefined> {
  const { rows } = await sql<{ number: number }>`
    SELECT number FROM search_documents WHERE question_id = ${questionId}`.execute(writer);
  return rows[0]?.number;
}

/** Whether a column has the id of a question with what is looked for. */
export function isFoundBy(read: Reader, column: string, query: SearchQuery): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.ref(column)} IN (${found(read, query)})`;
}

/** Whether any question has what is looked for. */
export async function isAnyFound(read: Reader, query: SearchQuery): Promise<boolean> {
  if (query.length === 0) return false;
  const { rows } = await sql`${found(read, query)} LIMIT 1`.execute(read);
  return rows.length > 0;
}

function found(read: Reader, query: SearchQuery): RawBuilder<unknown> {
  return isPostgres(read)
    ? sql`SELECT question_id FROM search_documents WHERE words @@ ${postgresQuery(query)}::tsquery`
    : sql`SELECT search_documents.question_id FROM search_words
        JOIN search_documents ON search_documents.number = search_words.rowid
        WHERE search_words MATCH ${sqliteQuery(query)}`;
}

/** A question that is like another one; the higher the rank, the more. */
export interface Similar {
  id: string;
  rank: number;
}

/**
 * The questions that share most of these terms, the likeliest first: those that count for others alone, of visits that are not in
 * the bin. `answered`: with an answer; `eventIds`: of these events; `except`: not this one.
 */
export async function similarTo(
  read: Reader,
  {
    terms,
    answered,
    eventIds,
    except,
  }: { terms: string[]; answered?: boolean; eventIds?: string[]; except?: string },
  limit: number,
): Promise<Similar[]> {
  const words = [...new Set(terms)];
  if (words.length === 0) return [];
  const query: SearchQuery = [words.map((word) => [{ word }])];
  const narrowed = [
    sql`questions.hidden = 0 AND questions.merged_into IS NULL`,
    ...(answered ? [sql`questions.answer IS NOT NULL AND questions.state IN ('answered', 'closed')`] : []),
    ...(eventIds ? [isOneOf(read, "questions.event_id", eventIds)] : []),
    ...(except ? [sql`questions.id <> ${except}`] : []),
  ];
  const where = sql.join(narrowed, sql` AND `);
  const { rows } = await (isPostgres(read)
    ? sql<Similar>`
        SELECT questions.id, ts_rank('{0,0,0,1}', words, query, 1) AS rank
        FROM search_documents JOIN questions ON questions.id = search_documents.question_id,
          CAST(${postgresQuery(query, "A")} AS tsquery) AS query
        WHERE words @@ query AND ${where} ORDER BY rank DESC, questions.id LIMIT ${limit}`
    : sql<Similar>`
        SELECT questions.id, -bm25(search_words, 1.0, 0.0) AS rank FROM search_words
        JOIN search_documents ON search_documents.number = search_words.rowid
        JOIN questions ON questions.id = search_documents.question_id
        WHERE search_words MATCH ${`asked : (${sqliteQuery(query)})`} AND ${where}
        ORDER BY rank DESC, questions.id LIMIT ${limit}`
  ).execute(read);
  return rows.map(({ id, rank }) => ({ id, rank: Number(rank) }));
}

/** Whether a text is like one of these patterns, whatever the case of plain letters. `text`: SQL that gives it. */
export function isLikeAny(read: Kysely<Tables>, text: string, patterns: string[]): RawBuilder<SqlBool> {
  const like = sql.raw(isPostgres(read) ? "ILIKE" : "LIKE");
  return sql<SqlBool>`(${sql.join(
    patterns.map((pattern) => sql`${sql.raw(text)} ${like} ${pattern}`),
    sql` OR `,
  )})`;
}

/** Whether a column has one of many values: one statement, however many they are. */
export function isOneOf(read: Kysely<Tables>, column: string, values: string[]): RawBuilder<SqlBool> {
  // No list is what stands for one in a query that is compiled once.
  const list = Array.isArray(values) ? JSON.stringify(values) : values;
  return isPostgres(read)
    ? sql<SqlBool>`${sql.ref(column)} IN (SELECT jsonb_array_elements_text(CAST(${list} AS jsonb)))`
    : sql<SqlBool>`${sql.ref(column)} IN (SELECT value FROM json_each(${list}))`;
}

function isPostgres(read: Kysely<Tables>): boolean {
  return read.getExecutor().adapter instanceof PostgresAdapter;
}

function sqliteQuery(query: SearchQuery): string {
  const term = ({ word, isStart }: SearchTerm) => `"${word.replaceAll('"', '""')}"${isStart ? "*" : ""}`;
  return inBrackets(query, term, "AND", "OR");
}

/** `weight`: only words that were indexed with it. */
function postgresQuery(query: SearchQuery, weight = ""): string {
  const term = ({ word, isStart }: SearchTerm) => {
    const marks = `${isStart ? "*" : ""}${weight}`;
    return `${lexeme(word)}${marks && `:${marks}`}`;
  };
  return inBrackets(query, term, "&", "|");
}

function inBrackets(query: SearchQuery, term: (term: SearchTerm) => string, and: string, or: string): string {
  const alternative = (terms: SearchTerm[]) => `(${terms.map(term).join(` ${and} `)})`;
  return query.map((part) => `(${part.map(alternative).join(` ${or} `)})`).join(` ${and} `);
}

/** Places in a `tsvector` end there. */
const LAST_PLACE = 16_383;

function vectorOf({ asked, around }: Document): string {
  const placed = (words: string[], weight: string) =>
    words.map((word, index) => `${lexeme(word)}:${Math.min(index + 1, LAST_PLACE)}${weight}`);
  return [...placed(asked, "A"), ...placed(around, "D")].join(" ");
}

function lexeme(word: string): string {
  return `'${word.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
