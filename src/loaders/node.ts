import { decodeNodeId, type NodeKey } from "../domain/ids";
import type { RequestContext, TypedNode } from "./context";
import { type DailyNode, unchosen } from "./day-node";
import { dailyQuestion } from "./question";
import { readablePerson } from "./reach";

type DayKey = Extract<NodeKey, { type: "Daily" | "SleepSession" }>;

async function loadDay(ctx: RequestContext, key: DayKey): Promise<DailyNode | null> {
  if (!ctx.services.providers.some(({ provider }) => provider === key.provider)) return null;
  const args = { range: { start: key.day, end: key.day }, providers: [key.provider] };
  const question = key.type === "Daily" ? dailyQuestion(key.metric, args, key.method) : dailyQuestion("SLEEP", args);
  const { bySource } = await ctx.loaders.of(key.person).daily.load(question);
  const node = bySource.find(({ day, provider }) => day === key.day && provider === key.provider);
  return node ? unchosen(node) : null;
}

/** What an id names, if the caller may read its person; null where it is no id of ours, is gone, or belongs to somebody else. */
export async function loadNode(ctx: RequestContext, id: string): Promise<TypedNode | null> {
  const key = decodeNodeId(id);
  const person = key && (await readablePerson(ctx, key.person));
  if (!key || !person) return null;
  switch (key.type) {
    case "User":
      return { __typename: "User", ...person };
    case "ProviderAccount": {
      const account = (await ctx.loaders.of(person.id).accounts()).find((one) => one.id === key.account);
      return account ? { __typename: "ProviderAccount", ...account } : null;
    }
    case "Daily":
      return loadDay(ctx, key);
    case "SleepSession":
      return (await loadDay(ctx, key))?.sessions?.().find((session) => session.id === id) ?? null;
  }
}
