import { Column, Entity, PrimaryColumn } from "typeorm";

/** Row of `people`: a person of the application. */
@Entity({ name: "people" })
export class PersonRow {
  @PrimaryColumn({ type: "uuid", default: () => "gen_random_uuid()" })
  id!: string;

  @Column({ type: "uuid", name: "application_id" })
  applicationId!: string;

  @Column({ type: "text", name: "external_id" })
  externalId!: string;

  /** Rises with every change of what the person can read. */
  @Column({ type: "bigint", name: "data_version", default: 1 })
  dataVersion!: string;
}
