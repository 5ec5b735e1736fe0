import { createHash } from "node:crypto";
import type { SealContext } from "../ports/vault";
import type { IdentifiedGrant } from "./grant";

/** What a state stands for; sealed, because the verifier is a secret. */
export interface LinkRequest {
  readonly verifier: string | null;
  readonly returnUrl: string | null;
  readonly scopes: readonly string[];
}

/** An exchanged grant that waits for its person. `issuedAt`: epoch seconds. */
export interface LinkResult extends IdentifiedGrant {
  readonly scopes: readonly string[];
  readonly issuedAt: number;
}

/** Where a sealed {@link LinkRequest} belongs. */
export function stateContext(stateHash: string, provider: string): SealContext {
  return { table: "link_states", column: "sealed_request", row: stateHash, provider };
}

/** Where a sealed {@link LinkResult} belongs. */
export function resultContext(codeHash: string, provider: string): SealContext {
  return { table: "link_results", column: "sealed_result", row: codeHash, provider };
}

/** SHA-256 in hexadecimal: states and link codes are stored only so. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** What is sealed. */
export function jsonOf(value: LinkRequest | LinkResult): Buffer {
  return Buffer.from(JSON.stringify(value));
}
