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
  maxWorkers: 2,
  testTimeout: 30_000,
  transform: { "^.+\\.[jt]s$": ["@swc/jest", require("./test/support/swc.json")] },
  transformIgnorePatterns: [`node_modules/(?!(${esmOnly.join("|")})/)`],
};
