/** Where a sealed value belongs; part of its additional authenticated data, so that it opens nowhere else. */
export interface SealContext {
  readonly table: string;
  readonly column: string;
  /** The row's own key within the person. */
  readonly row: string;
  readonly provider: string;
}

/** Seals and opens values under one person's data key (AES-256-GCM, deflated first). `open` throws where a value was moved or changed. */
export interface PersonVault {
  seal(context: SealContext, plaintext: Buffer): Buffer;
  open(context: SealContext, sealed: Buffer): Buffer;
}

/** Gives the vault of a person, making the data key at first need. */
export interface Vaults {
  of(personId: string): Promise<PersonVault>;
}
