const { availableParallelism } = require("node:os");

module.exports = {
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2023" }, module: { type: "commonjs" } },
    ],
  },
  testEnvironment: "<rootDir>/test/support/environment.js",
  testSequencer: "<rootDir>/test/support/sequencer.js",
  // Tests in a browser wait for its clocks much of their time: one worker more than there are cores. As a number, because a
  // share above all of them is taken for one.
  maxWorkers: availableParallelism() + 1,
  // A machine that is busy otherwise takes a quarter of a minute to start PostgreSQL in the process, and may stand still a while.
  testTimeout: 240_000,
};
