/** Milliseconds for which somebody who has a copy waits for the database to confirm or renew it. */
export const COPY_PATIENCE_MS = 2_000;

/** The outcome of the work if it comes in time; rejects after so many milliseconds, and the work goes on. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the database has not answered in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
