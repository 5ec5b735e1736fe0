import type { PoolClient, QueryResultRow } from "pg";
import type { DataSource } from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver";
import { READING, runAlone } from "./alone";
import { isSessionEnd } from "./outage";
import { failed, type PreparedStatement } from "./prepared";

/** Milliseconds between two looks at a connection: one that owed an answer all the while is at something long, one that owes none is given back. */
const LOOK_EVERY_MS = 10;

/** A connection, and what it owes. */
interface Line {
  readonly client: PoolClient;
  readonly release: (error?: unknown) => void;
  /** Reads that are sent, and not answered. */
  owed: number;
  /** It was asked or has answered since it was last looked at. */
  moved: boolean;
  /** It has not answered for a while. */
  long: boolean;
  broken: unknown;
}

/**
 * Reads that share connections: they are sent one behind the other, and another connection is used only where those in use are at
 * something long. One session answers many short reads sooner than several, which have to be woken for each and keep plans and pages of
 * their own.
 * @see https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
 */
export class ReadLines {
  private readonly lines: Line[] = [];
  private opening: Promise<Line> | null = null;

  /** `most`: connections at a time. */
  constructor(
    private readonly source: DataSource,
    private readonly most: number,
  ) {}

  /**
   * The rows of one prepared statement in a transaction of its own that sees one person's rows (`personId`: a uuid). Where the session
   * ends before it is answered, it is sent once more.
   */
  async run<Row extends QueryResultRow>(
    personId: string,
    statement: PreparedStatement,
    values: readonly unknown[],
    again = true,
  ): Promise<Row[]> {
    const line = this.inUse() ?? (await this.another());
    try {
      return await this.on<Row>(line, personId, statement, values);
    } catch (error) {
      if (again && isSessionEnd(error)) return this.run<Row>(personId, statement, values, false);
      throw failed(statement.text, error);
    }
  }

  private async on<Row extends QueryResultRow>(
    line: Line,
    personId: string,
    { name, text }: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    if (line.owed === 0) line.moved = true;
    line.owed += 1;
    try {
      return await runAlone<Row>(line.client, personId, { name, text, values: [...values] }, READING);
    } catch (error) {
      // A connection that is not known to have ended its transaction is not used again; what it owes is its own.
      line.broken ??= error;
      this.retire(line);
      throw error;
    } finally {
      line.owed -= 1;
      line.moved = true;
      line.long = false;
    }
  }

  private inUse(): Line | undefined {
    const ready = this.lines.find((line) => !line.long);
    if (ready || this.lines.length < this.most) return ready;
    return this.lines.reduce((one, other) => (other.owed < one.owed ? other : one));
  }

  private another(): Promise<Line> {
    this.opening ??= this.open().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  private async open(): Promise<Line> {
    const driver = this.source.driver as PostgresDriver;
    const [client, giveBack] = (await driver.obtainMasterConnection()) as [PoolClient, Line["release"]];
    const lost = (error: Error) => {
      line.broken ??= error;
      this.retire(line);
    };
    const release: Line["release"] = (error) => {
      client.off("error", lost);
      giveBack(error);
    };
    const line: Line = { client, release, owed: 0, moved: true, long: false, broken: undefined };
    client.on("error", lost);
    this.lines.push(line);
    this.lookLater(line);
    return line;
  }

  private retire(line: Line): void {
    const at = this.lines.indexOf(line);
    if (at >= 0) this.lines.splice(at, 1);
  }

  /** Looks after what has come in meanwhile is read: this process may have been busy, not the connection. */
  private lookLater(line: Line): void {
    setTimeout(() => setImmediate(() => this.look(line)), LOOK_EVERY_MS);
  }

  private look(line: Line): void {
    line.long = line.owed > 0 && !line.moved;
    if (line.owed > 0 || (line.moved && line.broken === undefined)) {
      line.moved = false;
      this.lookLater(line);
      return;
    }
    this.retire(line);
    line.release(line.broken);
  }
}
