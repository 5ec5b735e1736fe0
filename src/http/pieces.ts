/** Text that is there, or comes later. */
export type Text = string | Promise<string>;

/** Text out of pieces, some of which may come later. */
export class Pieces {
  private later: Text[] | null = null;

  constructor(private text: string) {}

  /** Adds two pieces, one that is there and one that may come later. */
  add(before: string, piece: Text): void {
    this.text += before;
    if (typeof piece === "string") {
      this.text += piece;
      return;
    }
    this.later ??= [];
    this.later.push(this.text, piece);
    this.text = "";
  }

  /** All of them with a last one. */
  end(last: string): Text {
    const rest = this.text + last;
    return this.later === null ? rest : Promise.all(this.later).then((texts) => texts.reduce(together) + rest);
  }

  /** Nobody waits any more: what fails later fails unheard. */
  abandon(): void {
    void Promise.allSettled(this.later ?? []);
  }
}

/** By concatenation, so that what is put together level by level is copied but once, at the end. */
function together(before: string, piece: string): string {
  return before + piece;
}
