import { Column, Entity, PrimaryColumn } from "typeorm";
import type { AccountStatus } from "../../domain/people";

/** Row of `accounts`: a person's account at a vendor. */
@Entity({ name: "accounts" })
export class AccountRow {
  @PrimaryColumn({ type: "uuid", name: "person_id" })
  personId!: string;

  @PrimaryColumn({ type: "uuid", default: () => "gen_random_uuid()" })
  id!: string;

  @Column({ type: "text" })
  provider!: string;

  @Column({ type: "text", name: "vendor_user_id" })
  vendorUserId!: string;

  @Column({ type: "text" })
  status!: AccountStatus;

  @Column({ type: "text", array: true, name: "granted_scopes" })
  grantedScopes!: string[];

  @Column({ type: "int", name: "grant_number", default: 1 })
  grantNumber!: number;

  @Column({ type: "timestamptz", name: "connected_at" })
  connectedAt!: Date;

  @Column({ type: "timestamptz", name: "disconnected_at", nullable: true })
  disconnectedAt!: Date | null;
}
