module.exports = {
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2023" }, module: { type: "commonjs" } },
    ],
  },
  testEnvironment: "<rootDir>/test/support/environment.js",
  // A machine that is busy otherwise takes a quarter of a minute to start PostgreSQL in the process.
  // Jest leaves a core free by default: of two, that is half.
  maxWorkers: "100%",
  testTimeout: 60_000,
};
