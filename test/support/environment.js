const { TestEnvironment } = require("jest-environment-node");

/** One server for all test files of a process, because starting it takes seconds: each test begins with an empty one. */
let postgres;

/** What the server means to do later, such as statistics, must not hold up the end of the process, which is its own end too. */
function withoutTimers(server) {
  const run = server.execProtocolRawSync.bind(server);
  const { setTimeout } = globalThis;
  server.execProtocolRawSync = (...given) => {
    globalThis.setTimeout = (...timer) => setTimeout(...timer).unref();
    try {
      return run(...given);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  };
  return server;
}

/**
 * PostgreSQL in the process loads its parts by dynamic import, which Jest's sandbox refuses without a flag.
 * So it is started out here, when a test first asks for it.
 */
module.exports = class extends TestEnvironment {
  intervals = [];

  async setup() {
    await super.setup();
    // Test files of one process share the loaded library, which throws the errors of the first one: no other file's
    // `instanceof Error` knows those. So each file gives it its own.
    require("better-sqlite3/build/Release/better_sqlite3.node").isInitialized = false;
    const { setInterval } = this.global;
    this.global.setInterval = (...given) => {
      const interval = setInterval(...given);
      this.intervals.push(interval);
      return interval;
    };
    this.global.postgresOfThisProcess = () => {
      if (!postgres) {
        const { PGlite, types } = require("@electric-sql/pglite");
        postgres = PGlite.create({ parsers: { [types.INT8]: Number } }).then(withoutTimers);
      }
      return postgres;
    };
  }

  /** An interval that goes on holds everything of its test file: with a hundred files, gigabytes that are looked through in vain. */
  async teardown() {
    for (const interval of this.intervals) clearInterval(interval);
    await super.teardown();
  }
};
