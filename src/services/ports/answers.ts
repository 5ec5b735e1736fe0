/** Finished answers shared by processes. It may forget at any time and answers every failure as a miss. */
export interface AnswerStore {
  /** The bytes under a person's key; null where there are none. */
  get(personId: string, key: string): Promise<Buffer | null>;
  put(personId: string, key: string, bytes: Buffer, seconds: number): Promise<void>;
}
