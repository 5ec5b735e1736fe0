import { registerEnumType } from "type-graphql";

/** What the schema must know of a wearable: its slug (`[a-z][a-z0-9_]*`) and the vendor's name for people. */
export interface NamedProvider {
  readonly slug: string;
  readonly displayName: string;
}

/** The Provider enum: names are slugs in upper case, internal values the slugs; filled by {@link defineProviders}. */
export const Provider: Record<string, string> = {};
const valuesConfig: Record<string, { description: string }> = {};

registerEnumType(Provider, {
  name: "Provider",
  description: "A wearable's vendor, one value per adapter of this gateway. Open: keep a default branch.",
  valuesConfig,
});

/** Makes the given wearables the values of the Provider enum of the next schema that is built; throws where there are none. */
export function defineProviders(providers: readonly NamedProvider[]): void {
  if (providers.length === 0) throw new RangeError("expected at least one provider, because an enum needs a value");
  for (const name of Object.keys(Provider)) {
    delete Provider[name];
    delete valuesConfig[name];
  }
  for (const { slug, displayName } of providers) {
    if (!/^[a-z][a-z0-9_]*$/.test(slug)) throw new RangeError(`expected a slug [a-z][a-z0-9_]*, got "${slug}"`);
    Provider[slug.toUpperCase()] = slug;
    valuesConfig[slug.toUpperCase()] = { description: displayName };
  }
}
