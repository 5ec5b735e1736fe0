import type { EntityManager } from "typeorm";

/** What happened to an endpoint. `by`: prefix of the server key that asked for it, null where the gateway did it; `detail`: never an address or a secret. */
export interface WebhookAudit {
  readonly endpointId: string;
  readonly event: "CREATED" | "CHANGED" | "SECRET_ROTATED" | "DISABLED" | "DELETED";
  readonly by: string | null;
  readonly detail?: string;
}

const NOTE = `
INSERT INTO webhook_audit (application_id, endpoint_id, event, key_prefix, detail) VALUES (current_application(), $1, $2, $3, $4)`;

/** Notes inside the caller's transaction what it does to an endpoint. Nobody can change or delete what was noted. */
export async function note(tx: EntityManager, { endpointId, event, by, detail }: WebhookAudit): Promise<void> {
  await tx.query(NOTE, [endpointId, event, by, detail ?? null]);
}
