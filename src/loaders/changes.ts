import { HRV_METHODS } from "../domain/assembly/hrv";
import { GatewayError } from "../domain/errors";
import { isExternalId } from "../domain/people";
import type { Account, ChangePage, ChangeQuestion, FeedEntry, Person } from "../services/api";
import type { RequestContext } from "./context";
import { type DailyNode, unchosen } from "./day-node";
import { dailyQuestion } from "./question";
import { findUser, viewerOf } from "./reach";

/** The most entries that one page may have. */
export const MAX_PAGE = 200;

/** Arguments of the feed's fields as they came. */
export type ChangeArguments = { readonly [K in keyof ChangeQuestion]?: ChangeQuestion[K] | null };

/** Arguments of what follows a person; `userExternalId` for server keys. */
export type FollowArguments = Omit<ChangeArguments, "first"> & { readonly userExternalId?: string | null };

function checkedList<T>(name: string, list: readonly T[] | null): readonly T[] | null {
  if (list === null || list.length > 0) return list && [...new Set(list)].sort();
  throw new GatewayError("BAD_USER_INPUT", `${name} is empty: expected at least one, or none of the argument`);
}

function filterOf({ after = null, metrics = null, providers = null }: ChangeArguments): Omit<ChangeQuestion, "first"> {
  return { after, metrics: checkedList("metrics", metrics), providers: checkedList("providers", providers) };
}

/** A page of a person's feed; BAD_USER_INPUT names the argument at fault. */
export async function changesOf(ctx: RequestContext, person: Person, args: ChangeArguments): Promise<ChangePage> {
  const first = args.first ?? 0;
  if (first < 1 || first > MAX_PAGE) {
    throw new GatewayError("BAD_USER_INPUT", `first is ${first}: expected 1 to ${MAX_PAGE}`);
  }
  return ctx.services.changes.page(person.id, { ...filterOf(args), first });
}

/** A page of the caller's own feed; FORBIDDEN for server keys. */
export async function ownChanges(ctx: RequestContext, args: ChangeArguments): Promise<ChangePage> {
  const person = viewerOf(ctx);
  if (person) return changesOf(ctx, person, args);
  throw new GatewayError(
    "FORBIDDEN",
    "changes is for persons' tokens; with a server key ask user(externalId:) { changes }",
  );
}

/** Whom a subscription is about: the caller, or whom a server key with the scope `read` names. */
async function followed(ctx: RequestContext, { userExternalId = null }: FollowArguments): Promise<Person> {
  const own = viewerOf(ctx);
  if (own && userExternalId === null) return own;
  if (own) throw new GatewayError("FORBIDDEN", "userExternalId is for server keys only; leave it out");
  const person = userExternalId !== null && isExternalId(userExternalId) ? await findUser(ctx, userExternalId) : null;
  if (person) return person;
  throw new GatewayError(
    "BAD_USER_INPUT",
    "userExternalId names nobody: expected the external id of a person that is known here",
  );
}

/** Entries of a person's feed as they come. */
export async function followChanges(ctx: RequestContext, args: FollowArguments): Promise<AsyncIterable<FeedEntry>> {
  return ctx.services.changes.follow((await followed(ctx, args)).id, filterOf(args));
}

/** A person's linked accounts as their progress goes on. */
export async function followProgress(ctx: RequestContext, args: FollowArguments): Promise<AsyncIterable<Account>> {
  const { providers } = filterOf(args);
  return ctx.services.changes.progress((await followed(ctx, args)).id, providers);
}

/** The record that an entry is about as it is now, as far as it is kept here; null where it is deleted or not whole yet. */
export async function changedRecord(ctx: RequestContext, entry: FeedEntry): Promise<DailyNode | null> {
  const { personId, metric, day, provider, type } = entry;
  if (metric === null || day === null || type === "DELETED") return null;
  const args = { range: { start: day, end: day }, providers: [provider] };
  const methods = metric === "HRV" ? HRV_METHODS : [null];
  const questions = methods.map((method) => dailyQuestion(metric, args, method));
  const results = await Promise.all(questions.map((question) => ctx.loaders.of(personId).stored.load(question)));
  const node = results.flatMap(({ bySource }) => bySource)[0];
  return node ? unchosen(node) : null;
}
