/** How long what a request has loaded goes on being the answer, the person's data version staying the same. */
export class Validity {
  private end = Number.POSITIVE_INFINITY;

  /** Some of it holds until then at most. Epoch seconds. */
  until(epochSeconds: number): void {
    this.end = Math.min(this.end, epochSeconds);
  }

  /** Epoch seconds until which all of it holds. */
  get ends(): number {
    return this.end;
  }
}
