import type { Synthetic } from "../../providers/contract/synthetic";
import { type Answer, type Delivery, json } from "./answer";
import type { Call } from "./calls";
import type { MadeUpCursors } from "./cursors";
import type { ActiveFault, Fault } from "./faults";
import { valueAt, withValue } from "./pointer";
import { vendorForm } from "./token";

/** What faults do around the work of one call. */
export interface Effects {
  readonly hang: boolean;
  /** Milliseconds to wait before the work, and between the work and its answer. */
  readonly waitBefore: number;
  readonly waitAfter: number;
  /** The answer in place of the work; null where the work is done. */
  readonly instead: Answer | null;
  readonly delivery: Delivery;
  /** The answer of the work as it is to be sent. */
  change(answer: Answer): Answer;
}

const HTML = "<!doctype html><html><head><title>Maintenance</title></head><body><h1>Be right back</h1></body></html>";

/** Turns faults into bodies and deliveries; keeps what a fault must remember from one page to the next. */
export class EffectsOf {
  readonly #repeated = new Map<number, string>();

  constructor(
    private readonly synthetic: Synthetic,
    private readonly cursors: MadeUpCursors,
  ) {}

  /** What the faults that a call meets amount to; of two that answer in place of the work the first counts. */
  call(faults: readonly ActiveFault[], call: Call): Effects {
    const waits = faults.flatMap(({ fault }) => (fault.effect === "delay" ? [fault] : []));
    const sum = (workFirst: boolean) =>
      waits.reduce((total, wait) => ((wait.workFirst ?? false) === workFirst ? total + wait.ms : total), 0);
    return {
      hang: faults.some(({ fault }) => fault.effect === "hang"),
      waitBefore: sum(false),
      waitAfter: sum(true),
      instead: faults.map(({ fault }) => this.#instead(fault)).find((answer) => answer !== null) ?? null,
      delivery: faults.map(({ fault }) => deliveryOf(fault)).find((delivery) => delivery !== null) ?? { how: "whole" },
      change: (answer) => faults.reduce((changed, active) => this.#change(changed, active, call), answer),
    };
  }

  #instead(fault: Fault): Answer | null {
    switch (fault.effect) {
      case "unauthorized":
        return this.#failure({ kind: "unauthorized" });
      case "rate_limited":
        return this.#failure({ kind: "rate_limited", retryAfter: fault.retryAfter });
      case "server_error":
        return this.#failure({ kind: "server_error", status: fault.status });
      case "answer":
        return { status: fault.status, headers: fault.headers ?? {}, body: fault.body };
      case "oauth_error":
        return vendorForm(this.synthetic, json(fault.status ?? 400, { error: fault.error }));
      default:
        return null;
    }
  }

  #failure(failure: Parameters<Synthetic["failure"]>[0]): Answer {
    const { status, headers = {}, body } = this.synthetic.failure(failure);
    return { status, headers, body };
  }

  #change(answer: Answer, { id, fault }: ActiveFault, call: Call): Answer {
    switch (fault.effect) {
      case "html":
        return { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: HTML };
      case "empty":
        return { status: 200, headers: {}, body: undefined };
      case "set":
        return { ...answer, body: withValue(answer.body, fault.pointer, fault.value) };
      case "unset":
        return { ...answer, body: withValue(answer.body, fault.pointer, undefined) };
      case "transform":
        return { ...answer, body: fault.transform(structuredClone(answer.body), call) };
      case "repeated_cursor": {
        const cursor = this.#repeated.get(id) ?? this.cursors.make(valueAt(answer.body, fault.pointer) ?? null);
        this.#repeated.set(id, cursor);
        return { ...answer, body: withValue(answer.body, fault.pointer, cursor) };
      }
      case "endless_cursor": {
        const cursor = this.cursors.make(valueAt(answer.body, fault.pointer) ?? null);
        return { ...answer, body: withValue(answer.body, fault.pointer, cursor) };
      }
      default:
        return answer;
    }
  }
}

function deliveryOf(fault: Fault): Delivery | null {
  switch (fault.effect) {
    case "lost":
    case "reset":
    case "truncated":
      return { how: fault.effect };
    case "drip":
      return { how: "drip", bytes: fault.bytes, ms: fault.ms };
    default:
      return null;
  }
}
