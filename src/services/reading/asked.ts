import type { DailyAnswer, DailyQuestion } from "../../domain/answers";
import type { ChoicePolicy } from "../../domain/choice";
import { GatewayError } from "../../domain/errors";
import type { Metric } from "../../domain/metrics";
import type { ConfiguredProvider } from "../fetching/ask";
import { compose, type Part } from "./answer";
import { type PersonState, todayOf } from "./person-state";
import { latestAnywhere, Requirements, resolve } from "./questions";
import { Sheet } from "./sheet";

/** By what questions are answered, beside the person's state. */
export interface AnsweringParts {
  /** Every wearable by slug, in the order of preference where nothing else decides. */
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  /** The operator's preference per metric. */
  readonly sourceOrder?: Readonly<Partial<Record<Metric, readonly string[]>>>;
  readonly now: () => number;
}

/** Questions while they are answered by one state of a person: the sheets to be filled, and what each question takes from them. */
export class Asked {
  private readonly required: Requirements;
  private readonly byName = new Map<string, Sheet>();
  private readonly partsOf: readonly (readonly Part[])[];

  constructor(
    private readonly questions: readonly DailyQuestion[],
    private readonly state: PersonState,
    private readonly parts: AnsweringParts,
  ) {
    const now = parts.now();
    this.required = new Requirements({ now, offsetMinutes: state.offsetMinutes, today: todayOf(state, now) });
    const linked = new Map(
      state.accounts
        .filter((account) => account.status !== "DISCONNECTED")
        .map((account) => [account.provider, account]),
    );
    this.partsOf = questions.map((question) =>
      [...new Set(question.providers ?? linked.keys())].flatMap((provider) => {
        const configured = parts.providers.get(provider);
        return configured ? this.part(question, configured, linked.get(provider)) : [];
      }),
    );
  }

  /** One for each source; what several questions want of one lands on the same. */
  get sheets(): readonly Sheet[] {
    return [...this.byName.values()];
  }

  /**
   * The answer to each question, of what is on the sheets. `confirmed`: false where the data may be outdated, which is said of each
   * provider; where none was linked then, nobody can be told so: SERVICE_DEGRADED.
   */
  answers(confirmed: boolean): readonly DailyAnswer[] {
    if (!confirmed && this.partsOf.some((parts) => parts.length === 0)) {
      throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach");
    }
    return this.questions.map((question, index) =>
      compose(question, this.partsOf[index] ?? [], this.required.moment, !confirmed, this.policyOf(question)),
    );
  }

  private part(
    question: DailyQuestion,
    configured: ConfiguredProvider,
    account: PersonState["accounts"][number] | undefined,
  ): Part {
    const provider = configured.provider.slug;
    const resolved = resolve(question, configured, account);
    if (!("source" in resolved)) return { provider, resolved, sheet: null, wanted: new Map() };
    const name = `${resolved.source.account.id} ${question.metric}`;
    const sheet = this.byName.get(name) ?? new Sheet(resolved.source, latestAnywhere(this.required.moment.now));
    this.byName.set(name, sheet);
    const wanted = this.required.of(question, resolved.source.endpoints);
    sheet.want(wanted);
    return { provider, resolved, sheet, wanted };
  }

  private policyOf(question: DailyQuestion): ChoicePolicy {
    return {
      query: question.prefer ?? null,
      person: this.state.preferences[question.metric] ?? null,
      operator: this.parts.sourceOrder?.[question.metric] ?? null,
      order: [...this.parts.providers.keys()],
    };
  }
}
