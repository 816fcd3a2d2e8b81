import type { CompiledQuery } from "kysely";
import type { Reader } from "./open";

/** A query of a builder's, or one in SQL. */
interface Query<Row> {
  compile(db: Reader): CompiledQuery<Row>;
}

/** Stands in a query where a value comes later. */
class Place {
  constructor(readonly name: string) {}
}

/** Gives a place for whatever is asked of it. */
const places = new Proxy({}, { get: (_, name) => new Place(String(name)) });

/**
 * A query that is put together once, for all the times it is run: for those of each recording, whose putting together takes
 * longer than SQLite takes to run them. `build` gets places in place of values, so it can only pass them on; a value that may
 * be missing is null. What comes of it takes the values, and gives the rows. A list is one value, as JSON: see `isOneOf`.
 */
export function compiledOnce<Given extends object, Row>(
  build: (db: Reader, given: Given) => Query<Row>,
): (db: Reader, given: Given) => Promise<Row[]> {
  /** One for each engine's own way to put queries. */
  const compiled = new Map<unknown, CompiledQuery<Row>>();
  return async (db, given) => {
    const { adapter } = db.getExecutor();
    let query = compiled.get(adapter.constructor);
    if (!query) {
      query = build(db, places as Given).compile(db);
      compiled.set(adapter.constructor, query);
    }
    const parameters = query.parameters.map((value) => {
      if (!(value instanceof Place)) return value;
      const placed: unknown = given[value.name as keyof Given];
      return Array.isArray(placed) ? JSON.stringify(placed) : placed;
    });
    return (await db.executeQuery<Row>({ ...query, parameters })).rows;
  };
}
