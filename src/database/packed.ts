import { PostgresAdapter, type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { Reader } from "./open";

// biome-ignore lint/suspicious/noExplicitAny: of whatever tables.
type Query<Row> = SelectQueryBuilder<any, any, Row>;

/** Asks a query again and again, each time with what is given. */
export type Asking<Given, Row> = (given: Given) => Promise<Row[]>;

/** The values of a row, in the order of the names of its columns. */
export type Packed<Row, Names extends readonly (keyof Row)[]> = {
  -readonly [Place in keyof Names]: Row[Names[Place]];
};

/** Stands in a query for a value that is told when it is asked. */
class Later {
  readonly of: (given: never) => unknown;
  constructor(of: (given: never) => unknown) {
    this.of = of;
  }
}

/** A value of a prepared query that is told when it is asked: `later((page: Page) => page.from)`. */
export const later = <Given, Value>(of: (given: Given) => Value): Value => new Later(of) as unknown as Value;

/**
 * A query that is written once and asked for page after page: writing one takes as long as finding some hundred rows. What
 * changes from page to page is in it as `later`.
 */
export function prepared<Given, Row>(read: Reader, query: Query<Row>): Asking<Given, Row> {
  const written = query.compile();
  return async (given) => {
    const parameters = written.parameters.map((value) =>
      value instanceof Later ? value.of(given as never) : value,
    );
    const { rows } = await read.executeQuery<Row>({ ...written, parameters });
    return rows;
  };
}

/**
 * The same, with each row as the list of its values in the order of `names`; rows come in the query's own order. The
 * database hands all of them over as one text: with thousands of rows, reading that takes half as long as making an object
 * of each in the driver. For pages that are walked through from end to end; of what a query may hold it says nothing.
 */
export function packed<Given, Row, const Names extends readonly (keyof Row & string)[]>(
  read: Reader,
  query: Query<Row>,
  names: Names,
): Asking<Given, Packed<Row, Names>> {
  const values = sql.join(names.map((name) => sql.ref(`packed.${name}`)));
  const isPostgres = read.getExecutor().adapter instanceof PostgresAdapter;
  // On SQLite as bytes: those go from one thread to another without a copy.
  const rows: RawBuilder<string | Uint8Array> = isPostgres
    ? sql`coalesce(json_agg(json_build_array(${values})), '[]')::text`
    : sql`CAST(json_group_array(json_array(${values})) AS BLOB)`;
  const ask = prepared(read, read.selectFrom(query.as("packed")).select(rows.as("rows")));
  return async (given) => {
    const [page] = await ask(given);
    return page ? JSON.parse(typeof page.rows === "string" ? page.rows : textOf(page.rows)) : [];
  };
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

/** The same as objects, where a row has so many values that their places say nothing any more. */
export function packedObjects<Given, Row, const Name extends keyof Row & string>(
  read: Reader,
  query: Query<Row>,
  names: readonly Name[],
): Asking<Given, Pick<Row, Name>> {
  const ask = packed<Given, Row, readonly Name[]>(read, query, names);
  return async (given) => {
    const rows = await ask(given);
    return rows.map((values) => {
      const row: Partial<Record<Name, unknown>> = {};
      for (const [place, name] of names.entries()) row[name] = values[place];
      return row as Pick<Row, Name>;
    });
  };
}
