/** Ends the servers of the run, also after failed tests. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.endTestServices?.();
}
