/** Told after a commit that changed what a person can read, with the person's new data version, so that caches can follow. */
export type PersonChanged = (personId: string, dataVersion: number) => void;
