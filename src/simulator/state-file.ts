import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { GrantSnapshot } from "./grants";

const schema: z.ZodType<GrantSnapshot> = z.object({
  grants: z.array(z.object({ id: z.string(), user: z.string(), scopes: z.array(z.string()), revoked: z.boolean() })),
  accessTokens: z.array(z.tuple([z.string(), z.object({ grantId: z.string(), expiresAt: z.number() })])),
  refreshTokens: z.array(z.tuple([z.string(), z.object({ grantId: z.string(), spent: z.boolean() })])),
  registered: z.array(z.string()).default([]),
});

/** The grants of an earlier run; null where there was none. Throws where the file is not what {@link saveState} writes. */
export function loadState(file: string): GrantSnapshot | null {
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, "utf8"))) : null;
}

/** Writes the grants so that a reader sees the old file or the new one, never a part. */
export function saveState(file: string, snapshot: GrantSnapshot): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(snapshot), { mode: 0o600 });
  renameSync(draft, file);
}
