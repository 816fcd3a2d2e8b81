import { Worker } from "node:worker_threads";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Tables } from "./tables";

/**
 * SQLite read in a thread of its own, so that walking through a million rows takes no turn from those who log visits, and
 * what is read next is read while the last page is written. The thread starts with the first query, and holds nobody up
 * who wants to stop. Rows are copied from thread to thread: `packed` ones as a single text.
 */
export function openAside(file: string): Kysely<Tables> {
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new AsideDriver(file),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<Tables>({ dialect });
}

interface Asked {
  text: string;
  values: readonly unknown[];
}
type Answer = { rows: unknown[] } | { message: string; code?: string };

interface Waiting extends Asked {
  resolve: (rows: unknown[]) => void;
  reject: (error: Error) => void;
}

/** Everything that is asked goes to the one thread, which answers in the order asked. */
class AsideDriver implements Driver, DatabaseConnection {
  readonly #file: string;
  #thread: Worker | undefined;
  /** What is asked in this turn: waking the other thread costs more than a small query. */
  readonly #asked: Waiting[] = [];
  /** What the thread has been asked. */
  readonly #waiting: Waiting[][] = [];

  constructor(file: string) {
    this.#file = file;
  }

  async executeQuery<Row>({ sql: text, parameters: values }: CompiledQuery): Promise<QueryResult<Row>> {
    const rows = await new Promise<unknown[]>((resolve, reject) => {
      if (this.#asked.length === 0) process.nextTick(() => this.#ask());
      this.#asked.push({ text, values, resolve, reject });
    });
    return { rows: rows as Row[] };
  }

  #ask(): void {
    this.#thread ??= this.#start();
    const thread = this.#thread;
    const asked = this.#asked.splice(0);
    this.#waiting.push(asked);
    // While somebody waits for an answer, the program does not end.
    thread.ref();
    thread.postMessage(asked.map(({ text, values }): Asked => ({ text, values })));
  }

  #start(): Worker {
    const workerData = { file: this.#file, driver: require.resolve("better-sqlite3") };
    // It makes nothing that lasts: with as much room for that as a thread gets by itself, it would take 40 MB more.
    const resourceLimits = { maxYoungGenerationSizeMb: 4 };
    const thread = new Worker(`(${answerQueries})()`, { eval: true, workerData, resourceLimits });
    thread.on("message", (answers: Answer[]) => {
      const waiting = this.#waiting.shift() ?? [];
      if (this.#waiting.length === 0) thread.unref();
      for (const [place, answer] of answers.entries()) {
        if ("rows" in answer) waiting[place]?.resolve(answer.rows);
        else waiting[place]?.reject(Object.assign(new Error(answer.message), { code: answer.code }));
      }
    });
    thread.on("error", (error: Error) => this.#lost(thread, error));
    thread.on("exit", () => this.#lost(thread, new Error("the thread that reads the database has ended")));
    return thread;
  }

  /** Nobody waits for a thread that is gone; the next query starts another one. */
  #lost(thread: Worker, error: Error): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const { reject } of this.#waiting.splice(0).flat()) reject(error);
  }

  async destroy(): Promise<void> {
    await this.#thread?.terminate();
  }

  acquireConnection = async (): Promise<DatabaseConnection> => this;
  async init(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async beginTransaction(): Promise<void> {
    throw new Error("Aside it is only read.");
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  // biome-ignore lint/correctness/useYield: the whole answer comes at once.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error("Pages are read one by one.");
  }
}

/** What runs in the thread: its text is taken there, so it uses nothing from around it. */
function answerQueries(): void {
  const { parentPort, workerData } = require("node:worker_threads");
  const Sqlite = require(workerData.driver);
  const database = new Sqlite(workerData.file, { readonly: true, timeout: 5000 });
  const prepared = new Map();
  const answer = ({ text, values }: Asked): Answer => {
    try {
      let statement = prepared.get(text);
      if (!statement) {
        if (prepared.size > 200) prepared.clear();
        statement = database.prepare(text);
        prepared.set(text, statement);
      }
      return { rows: statement.all(...values) };
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      return { message, code };
    }
  };
  parentPort.on("message", (asked: Asked[]) => {
    const answers = asked.map(answer);
    const values = answers.flatMap((each) =>
      "rows" in each ? each.rows.flatMap((row) => Object.values(row as object)) : [],
    );
    const bytes = values.filter((value) => value instanceof Uint8Array);
    parentPort.postMessage(
      answers,
      bytes.map(({ buffer }) => buffer),
    );
  });
}
