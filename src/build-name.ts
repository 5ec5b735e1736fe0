import { createHash } from "node:crypto";
import { providers } from "../providers/registry";
import { printedSchema } from "../schema/print";
import { ASSEMBLY_VERSION } from "./domain/assembly";

/** Changes with the schema, the mappers and the assembly, so that no cell of another build is believed. */
export function buildName(): string {
  const mappers = providers.map((provider) => `${provider.slug} ${provider.mapperVersion}`).join();
  return createHash("sha256")
    .update(printedSchema())
    .update(mappers)
    .update(ASSEMBLY_VERSION)
    .digest("base64url")
    .slice(0, 12);
}

/** Changes with the build and with every setting that answers depend on, so that no finished answer of other ones is handed out. */
export function answersName(build: string, settings: readonly unknown[]): string {
  return createHash("sha256").update(build).update(JSON.stringify(settings)).digest("base64url").slice(0, 12);
}
