/** ESM-only packages that jest must transform to CommonJS. */
const esmOnly = ["jose", "graphql-request", "@graphql-yoga/render-graphiql"];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  setupFiles: ["reflect-metadata"],
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
  // Many tests wait for processes and clocks more than they compute.
  maxWorkers: 4,
  testSequencer: "<rootDir>/test/support/longest-first.js",
  testTimeout: 30_000,
  transform: { "^.+\\.[jt]s$": ["@swc/jest", require("./test/support/swc.json")] },
  transformIgnorePatterns: [`node_modules/(?!(${esmOnly.join("|")})/)`],
};
