import { z } from "zod";
import { CALL_KINDS, type Call } from "./calls";

const milliseconds = z.int().min(0).max(600_000);
const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/, "expected visible ASCII, as a header carries it");
const pointer = z.string().regex(/^(\/([^~/]|~[01])*)*$/, "expected a JSON pointer (RFC 6901)");

/** Which calls a fault meets. `path`: `*` stands for any text; `skip`: let so many pass first; `times`: meet only so many. */
const selector = {
  kind: z.enum(CALL_KINDS).optional(),
  endpoint: z.string().optional(),
  path: z.string().optional(),
  vendorUserId: z.string().optional(),
  skip: z.int().min(0).optional(),
  times: z.int().min(1).optional(),
};

/** A fault as people write it in JSON; every effect with what it needs. @see README.md beside this for examples with curl */
export const faultSchema = z.discriminatedUnion("effect", [
  /** Waits before answering; with `workFirst` the request has taken effect before the wait. */
  z.strictObject({
    ...selector,
    effect: z.literal("delay"),
    ms: milliseconds,
    workFirst: z.boolean().optional(),
  }),
  /** Takes the request and never answers; nothing has taken effect. */
  z.strictObject({ ...selector, effect: z.literal("hang") }),
  /** The vendor's own 401. */
  z.strictObject({ ...selector, effect: z.literal("unauthorized") }),
  /** The vendor's own 429; `retryAfter` is sent as it is. */
  z.strictObject({ ...selector, effect: z.literal("rate_limited"), retryAfter: headerValue }),
  /** The vendor's own 5xx. */
  z.strictObject({ ...selector, effect: z.literal("server_error"), status: z.int().min(500).max(599) }),
  /** Any status, headers and body. */
  z.strictObject({
    ...selector,
    effect: z.literal("answer"),
    status: z.int().min(200).max(599),
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), headerValue).optional(),
    body: z.json().optional(),
  }),
  /** A refusal of the token endpoint (RFC 6749 §5.2). */
  z.strictObject({
    ...selector,
    effect: z.literal("oauth_error"),
    error: z.string().regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
    status: z.int().min(400).max(499).optional(),
  }),
  /** The request takes effect, the connection ends without an answer. */
  z.strictObject({ ...selector, effect: z.literal("lost") }),
  /** Half of the body, then the connection is reset. */
  z.strictObject({ ...selector, effect: z.literal("reset") }),
  /** The body in slices of `bytes`, one every `ms`. */
  z.strictObject({ ...selector, effect: z.literal("drip"), bytes: z.int().min(1), ms: milliseconds }),
  /** The first half of the body as if it were whole. */
  z.strictObject({ ...selector, effect: z.literal("truncated") }),
  /** A page of HTML with status 200. */
  z.strictObject({ ...selector, effect: z.literal("html") }),
  /** Status 200 and no body. */
  z.strictObject({ ...selector, effect: z.literal("empty") }),
  /** Puts a value at a place of the body; the pointer `""` replaces the whole body (`null`, `[]`, a wrong type). */
  z.strictObject({ ...selector, effect: z.literal("set"), pointer, value: z.json() }),
  /** Takes a member or element out of the body. */
  z.strictObject({ ...selector, effect: z.literal("unset"), pointer }),
  /** Every page names the same next page: the first that was named. `pointer`: where the body holds its cursor. */
  z.strictObject({ ...selector, effect: z.literal("repeated_cursor"), pointer }),
  /** Every page names a next page that was never named before; after the last page they begin again. */
  z.strictObject({ ...selector, effect: z.literal("endless_cursor"), pointer }),
]);

type Selector = {
  readonly [K in keyof typeof selector]?: z.infer<(typeof selector)[K]>;
};

/** A change of the answer's body that only code can express; gets the decoded body, answers the body to send. */
export type TransformFault = Selector & {
  readonly effect: "transform";
  readonly transform: (body: unknown, call: Call) => unknown;
};

/** Something that goes wrong on demand: which calls it meets, and what happens to them. */
export type Fault = z.infer<typeof faultSchema> | TransformFault;

/** A fault in force. `met`: how many calls it has met, those let pass included. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  readonly met: number;
}

/** The faults in force on one simulator; several may meet one call, and act in the order in which they were added. */
export class Faults {
  #active: { id: number; fault: Fault; met: number }[] = [];
  #lastId = 0;

  /** Puts a fault in force; answers its id. Throws ZodError where it is malformed. */
  add(fault: Fault): number {
    const checked = fault.effect === "transform" ? fault : faultSchema.parse(fault);
    this.#lastId += 1;
    this.#active.push({ id: this.#lastId, fault: checked, met: 0 });
    return this.#lastId;
  }

  /** Lifts one fault; false where it is not in force. */
  remove(id: number): boolean {
    const before = this.#active.length;
    this.#active = this.#active.filter((entry) => entry.id !== id);
    return this.#active.length < before;
  }

  /** Lifts all faults. */
  clear(): void {
    this.#active = [];
  }

  /** The faults that are in force. */
  list(): readonly ActiveFault[] {
    return this.#active.map((entry) => ({ ...entry }));
  }

  /** The faults that this call meets, counted down; those that are used up are lifted. */
  take(call: Call): readonly ActiveFault[] {
    const taken: ActiveFault[] = [];
    for (const entry of this.#active.filter(({ fault }) => meets(fault, call))) {
      entry.met += 1;
      const { skip = 0, times } = entry.fault;
      if (entry.met > skip) taken.push(entry);
      if (times !== undefined && entry.met >= skip + times) this.remove(entry.id);
    }
    return taken;
  }
}

function meets(fault: Selector, call: Call): boolean {
  return (
    (fault.kind === undefined || fault.kind === call.kind) &&
    (fault.endpoint === undefined || fault.endpoint === call.endpoint) &&
    (fault.vendorUserId === undefined || fault.vendorUserId === call.vendorUserId) &&
    (fault.path === undefined || matchesPattern(fault.path, call.path))
  );
}

function matchesPattern(pattern: string, path: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(path);
}
