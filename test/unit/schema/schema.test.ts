import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from "graphql";
import { buildGatewaySchema } from "../../../schema/build";
import { printedSchema, refreshPrintedSchema } from "../../../schema/print";
import { ERROR_CODES } from "../../../src/domain/errors";

const root = path.join(__dirname, "../../..");
const coreCheck = path.join(root, "../shared/tools/check-core.mjs");

test("schema.graphql is what the source says", () => {
  expect(refreshPrintedSchema(true)).toBe(true);
});

test("every type, field, argument and enum value is described", () => {
  const bare: string[] = [];
  for (const type of Object.values(buildSchema(printedSchema()).getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    if (["Query", "Mutation", "Subscription"].includes(type.name)) expect(type.description).toBeFalsy();
    else if (!type.description) bare.push(type.name);
    if (isEnumType(type))
      for (const value of type.getValues()) if (!value.description) bare.push(`${type.name}.${value.name}`);
    if (!(isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.description) bare.push(`${type.name}.${field.name}`);
      for (const arg of "args" in field ? field.args : []) {
        if (!arg.description) bare.push(`${type.name}.${field.name}(${arg.name}:)`);
      }
    }
  }
  expect(bare).toEqual([]);
});

test("a quantity's description names its unit", () => {
  const schema = buildSchema(printedSchema());
  const units: [RegExp, RegExp][] = [
    [/Seconds$/, /seconds/],
    [/Milliseconds$|^milliseconds$/, /milliseconds/],
    [/Meters$/, /metres/],
    [/Kilocalories$/, /kilocalories/],
    [/Celsius$/, /degrees Celsius/],
    [/Bpm$/, /beats per minute/],
    [/Percent$/, /percent/],
  ];
  let checked = 0;
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      for (const [name, unit] of units) {
        if (!name.test(field.name)) continue;
        checked += 1;
        expect(`${type.name}.${field.name}: ${field.description}`).toMatch(unit);
      }
    }
  }
  expect(checked).toBeGreaterThan(30);
});

test("the Provider enum has one value per given wearable", () => {
  const schema = buildGatewaySchema({
    providers: [
      { slug: "alpha_ring", displayName: "Alpha" },
      { slug: "beta2", displayName: "Beta" },
    ],
  });
  const type = schema.getType("Provider");
  if (!isEnumType(type)) throw new Error("expected an enum");
  expect(type.getValues().map(({ name, value, description }) => [name, value, description])).toEqual([
    ["ALPHA_RING", "alpha_ring", "Alpha"],
    ["BETA2", "beta2", "Beta"],
  ]);
});

test("a schema without wearables, or with a malformed slug, is not built", () => {
  expect(() => buildGatewaySchema({ providers: [] })).toThrow(/at least one provider/);
  expect(() => buildGatewaySchema({ providers: [{ slug: "No-Slug", displayName: "x" }] })).toThrow(/slug/);
});

test("every error code is documented by a sentence", () => {
  for (const sentence of Object.values(ERROR_CODES)) expect(sentence).toMatch(/^[A-Z].{10,}\.$/);
});

test("the core schema is whole", () => {
  if (!existsSync(coreCheck)) {
    console.log("not run: the core schema is not beside this checkout");
    return;
  }
  const said = execFileSync(process.execPath, [coreCheck], { cwd: root, encoding: "utf8" });
  expect(said).toContain("the core schema is whole");
});
