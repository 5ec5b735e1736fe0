import { Column, Entity, PrimaryColumn } from "typeorm";

/** Row of `grants`: an account's sealed tokens; referenced by nothing, so that a refresh can lock it across a call to the provider. */
@Entity({ name: "grants" })
export class GrantRow {
  @PrimaryColumn({ type: "uuid", name: "person_id" })
  personId!: string;

  @PrimaryColumn({ type: "uuid", name: "account_id" })
  accountId!: string;

  @Column({ type: "bytea", name: "sealed_tokens" })
  sealedTokens!: Buffer;

  @Column({ type: "timestamptz", name: "expires_at" })
  expiresAt!: Date;

  @Column({ type: "int", default: 1 })
  generation!: number;

  @Column({ type: "int", default: 0 })
  failures!: number;

  @Column({ type: "timestamptz", name: "retry_at", nullable: true })
  retryAt!: Date | null;

  @Column({ type: "timestamptz", name: "refused_at", nullable: true })
  refusedAt!: Date | null;
}
