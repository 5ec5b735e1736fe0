/**
 * Who may import whom (the direction of imports). The first zone whose `files` matches a module's path holds for it; an
 * import is allowed when one of `allow` matches its target and none of `deny` does. Targets are paths from the root
 * (`src/domain/days.ts`), packages (`npm:zod`) or parts of Node (`node:crypto`). `<slug>` is the module's own folder.
 */
export interface Zone {
  readonly name: string;
  readonly files: RegExp;
  readonly allow: readonly RegExp[];
  readonly deny?: readonly RegExp[];
}

const domain = /^src\/domain\//;
const contract = /^providers\/contract\//;
const registry = /^providers\/registry\.ts$/;
const services = /^src\/services\//;
/** Interfaces that services want from the outside: ports.ts, ports/… or …-port(s).ts. */
const ports = /^src\/services\/(.*\/)?(ports\/.+|ports|[\w-]+-ports?)\.ts$/;
const node = /^node:/;
const anything = /^/;
const ownAdapter = /^providers\/<slug>\//;

const databases = [/^npm:(typeorm|pg|pg-.*|ioredis)$/];
const transports = [/^npm:(fastify|graphql.*|type-graphql|@apollo\/.*|@fastify\/.*|@as-integrations\/.*)$/];

/** The rule table. */
export const zones: readonly Zone[] = [
  {
    name: "composition root",
    files:
      /^(src\/app|src\/main|src\/(keys|failed-jobs|subscriptions|command-line)|src\/build-name|src\/open-[a-z]+|src\/wearables|ormconfig)\.ts$/,
    allow: [anything],
  },
  { name: "domain", files: domain, allow: [domain] },
  { name: "provider contract", files: contract, allow: [domain, contract, /^npm:zod$/] },
  { name: "provider registry", files: registry, allow: [/^providers\/[a-z][a-z0-9_]*\/index\.ts$/, contract] },
  {
    name: "provider webhook",
    files: /^providers\/(?<slug>[a-z][a-z0-9_]*)\/webhook\.ts$/,
    allow: [domain, contract, ownAdapter, /^npm:zod$/, /^node:crypto$/],
  },
  {
    name: "provider",
    files: /^providers\/(?<slug>[a-z][a-z0-9_]*)\//,
    allow: [domain, contract, ownAdapter, /^npm:zod$/],
  },
  {
    name: "services",
    files: services,
    allow: [domain, contract, services, /^src\/(oauth|upstream)\//, node, /^npm:/],
    deny: [...databases, ...transports],
  },
  {
    name: "oauth",
    files: /^src\/oauth\//,
    allow: [domain, contract, /^src\/(oauth|upstream)\//, node, /^npm:(undici|zod|jose)$/],
  },
  {
    name: "upstream",
    files: /^src\/upstream\//,
    allow: [domain, contract, /^src\/upstream\//, node, /^npm:(undici|zod|jose|ipaddr\.js)$/],
  },
  { name: "loaders", files: /^src\/loaders\//, allow: [domain, services, /^src\/loaders\//, /^npm:dataloader$/] },
  {
    name: "cache",
    files: /^src\/cache\//,
    allow: [domain, ports, /^src\/cache\//, node, /^npm:(ioredis|lru-cache)$/],
  },
  {
    name: "db",
    files: /^src\/db\//,
    allow: [
      domain,
      contract,
      ports,
      /^src\/db\//,
      node,
      /^npm:(typeorm|pg|reflect-metadata|zod|lru-cache|graphile-worker)$/,
    ],
  },
  {
    name: "jobs",
    files: /^src\/jobs\//,
    allow: [domain, services, /^src\/jobs\//, node, /^npm:(graphile-worker|pg|prom-client|zod)$/],
  },
  {
    name: "http",
    files: /^src\/http\//,
    allow: [anything],
    deny: [
      /^src\/(db|cache|simulator|app|main)(\/|\.ts$)/,
      /^providers\/(?!contract\/|registry\.ts$)/,
      /^test\//,
      ...databases,
    ],
  },
  {
    name: "simulator",
    files: /^src\/simulator\//,
    allow: [domain, contract, /^src\/simulator\//, node, /^npm:(fastify|@fastify\/.*|zod|lru-cache|undici)$/],
  },
  {
    name: "config",
    files: /^src\/config(\/|\.ts$)/,
    allow: [domain, contract, registry, /^src\/config\//, node, /^npm:zod$/],
  },
  { name: "logging", files: /^src\/logging\.ts$/, allow: [domain, node, /^npm:pino$/] },
  { name: "telemetry", files: /^src\/telemetry\.ts$/, allow: [domain, ports, /^npm:(pino|prom-client)$/] },
  {
    name: "schema",
    files: /^schema\//,
    allow: [
      domain,
      services,
      /^src\/loaders\//,
      /^schema\//,
      registry,
      contract,
      node,
      /^npm:(type-graphql|graphql|graphql-.*|@graphql-.*|class-validator|reflect-metadata)$/,
    ],
  },
];
