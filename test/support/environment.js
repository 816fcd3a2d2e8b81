const { TestEnvironment } = require("jest-environment-node");

/** What all test files of a process share, by name: each file has modules of its own, and would make it again. */
const shared = new Map();
/** Gives what has a name, made where nobody needed it yet. */
function ofThisProcess(name, make) {
  if (!shared.has(name)) shared.set(name, make());
  return shared.get(name);
}

/** One server, because starting it takes seconds: each test begins with an empty one. */
function startPostgres() {
  const { PGlite, types } = require("@electric-sql/pglite");
  return PGlite.create({ parsers: { [types.INT8]: Number } }).then(withoutTimers);
}

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
    this.global.ofThisProcess = ofThisProcess;
    this.global.postgresOfThisProcess = () => ofThisProcess("postgres", startPostgres);
    // Loading it takes longer than starting a browser.
    this.global.playwrightOfThisProcess = () => ofThisProcess("playwright", () => require("playwright-core"));
  }

  /** An interval that goes on holds everything of its test file: with a hundred files, gigabytes that are looked through in vain. */
  async teardown() {
    for (const interval of this.intervals) clearInterval(interval);
    await super.teardown();
  }
};
