/** What a read saw, compared with what was true. */
export type Verdict = "right" | "foreign" | "outdated here" | "outdated elsewhere" | "never true";

/** A change of one person's data, by whichever gateway committed it. Times: milliseconds of one monotonic clock. */
export interface Change {
  readonly gateway: number;
  readonly sentAt: number;
  readonly doneAt: number;
}

/** One read of one person at one gateway: what was asked, and the bytes that came. */
export interface Read {
  readonly gateway: number;
  readonly question: number;
  readonly sentAt: number;
  readonly doneAt: number;
  readonly text: string;
}

/** For so long after a commit another process may hand out what was true before it. */
const ELSEWHERE_MS = 1_000;

/** What one person's answers were, change after change, and which of them a read may have got. */
export class PersonModel {
  /** Answers by question after each change; those to the first entry's questions were true before any. */
  private readonly states: { readonly change: Change | null; readonly answers: readonly string[] }[] = [];
  private readonly unjudged: Read[] = [];

  constructor(readonly name: string) {}

  /** Tells what the uncached twin answers since a change (null: from the beginning). */
  learned(change: Change | null, answers: readonly string[]): void {
    this.states.push({ change, answers });
  }

  saw(read: Read): void {
    this.unjudged.push(read);
  }

  /** Judges the reads that ended before a moment, once everything that was true until then has been learned. */
  judged(before: number, verdict: (read: Read, verdict: Verdict) => void): void {
    const left = this.unjudged.filter((read) => read.doneAt >= before);
    for (const read of this.unjudged) if (read.doneAt < before) verdict(read, this.verdictOn(read));
    this.unjudged.splice(0, this.unjudged.length, ...left);
  }

  /** When a read was made, beside the changes next to it. */
  around(read: Read): string {
    const since = (at: number) => `${Math.round(at - read.sentAt)} ms`;
    const changes = this.states.flatMap(({ change }) =>
      change && change.doneAt > read.sentAt - 2 * ELSEWHERE_MS && change.sentAt < read.doneAt
        ? [`changed by ${change.gateway} from ${since(change.sentAt)} to ${since(change.doneAt)}`]
        : [],
    );
    return [`answered after ${since(read.doneAt)}`, ...changes].join(", ");
  }

  private verdictOn(read: Read): Verdict {
    if (!read.text.includes(`"externalId":"${this.name}"`)) return "foreign";
    const at = this.states.findLastIndex(({ change }) => !change || this.holdsAt(change, read) <= read.sentAt);
    const may = this.states.slice(Math.max(0, at)).filter(({ change }) => !change || change.sentAt <= read.doneAt);
    if (may.some(({ answers }) => answers[read.question] === read.text)) return "right";
    const was = this.states.findLastIndex(({ answers }) => answers[read.question] === read.text);
    if (was < 0 || was > at) return "never true";
    const next = this.states.slice(was + 1).find(({ change }) => change && this.holdsAt(change, read) <= read.sentAt);
    return next?.change?.gateway === read.gateway ? "outdated here" : "outdated elsewhere";
  }

  private holdsAt(change: Change, { gateway }: Read): number {
    return change.gateway === gateway ? change.doneAt : change.doneAt + ELSEWHERE_MS;
  }
}
