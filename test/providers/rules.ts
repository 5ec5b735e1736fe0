import { capabilityRules } from "./rules-capabilities";
import { fixtureRules } from "./rules-fixtures";
import { folderRules } from "./rules-folder";
import { oauthRules } from "./rules-oauth";
import { recordRules } from "./rules-records";
import { syntheticRules } from "./rules-synthetic";
import { webhookRules } from "./rules-webhooks";
import type { Rule } from "./subject";

/** Every rule that a wearable must meet, by number. */
export const rules: readonly Rule[] = [
  ...folderRules,
  ...fixtureRules,
  ...recordRules,
  ...oauthRules,
  ...syntheticRules,
  ...capabilityRules,
  ...webhookRules,
];

/** A rule that a wearable need not meet for now, and why. */
export interface Waiver {
  readonly slug: string;
  readonly rule: number;
  readonly reason: string;
}

/** Waivers in force; one that is no longer needed fails. */
export const waivers: readonly Waiver[] = [];

/** What is wrong with the waivers themselves, given what each rule found: `problems(slug, rule)`; undefined: there is no such rule or wearable. */
export function waiverProblems(
  list: readonly Waiver[],
  problems: (slug: string, rule: number) => readonly string[] | undefined,
): string[] {
  return list.flatMap(({ slug, rule, reason }) => {
    const found = problems(slug, rule);
    if (found === undefined) return [`${slug} × ${rule}: there is no such wearable or rule`];
    if (reason.trim().length < 10) return [`${slug} × ${rule}: no reason is given`];
    return found.length === 0 ? [`${slug} × ${rule}: no longer needed`] : [];
  });
}
