import { Column, Entity, PrimaryColumn } from "typeorm";

/** Row of `link_states`: a linking under way, found by the hash of its single-use state. */
@Entity({ name: "link_states" })
export class LinkStateRow {
  @PrimaryColumn({ type: "text", name: "state_hash" })
  stateHash!: string;

  @Column({ type: "uuid", name: "person_id" })
  personId!: string;

  @Column({ type: "text" })
  provider!: string;

  @Column({ type: "bytea", name: "sealed_request" })
  sealedRequest!: Buffer;

  @Column({ type: "timestamptz", name: "expires_at" })
  expiresAt!: Date;
}
