import { IncomingMessage } from "node:http";

/**
 * A request whose body can be had in one piece without its stream, which costs as much as sending an answer.
 * @see https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener
 */
export class WholeRequest extends IncomingMessage {
  /** By which it is told apart in logs, where it has a name before the framework gives it one. */
  declare id?: string;
  /** Absent, not null, where nobody takes the body: fields with values cost every request. */
  declare private taker?: ((body: Buffer) => void) | undefined;
  declare private chunks?: Buffer[] | undefined;
  /** By this Node knows whom it need not drain once the answer is out. */
  declare protected _consumed: boolean;

  /** Hands the whole body to `taker` once it has arrived; a request that breaks off before is never handed over. Nobody else may read it. */
  takeBody(taker: (body: Buffer) => void): void {
    this.taker = taker;
    this.chunks = [];
    this._consumed = true;
  }

  /** Ends the stream of a request whose body was taken, as if it had been read. */
  endTaken(): void {
    this.push(null);
    this.resume();
  }

  /** What Node's parser calls with every piece of the body, and with null at its end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const { taker, chunks } = this;
    if (!taker || !chunks) return super.push(chunk, encoding);
    if (chunk !== null) {
      chunks.push(chunk);
      return true;
    }
    this.taker = undefined;
    // The connection keeps its last request, and ten thousand connections would keep as many bodies.
    this.chunks = undefined;
    taker(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    return false;
  }
}
