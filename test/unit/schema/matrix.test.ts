import { fieldsOf, type Provider } from "../../../providers/contract";
import { providers } from "../../../providers/registry";
import { capabilityMatrix, refreshMatrix, withMatrix } from "../../../schema/matrix";

const wearable = (displayName: string, endpoints: Partial<Provider["endpoints"][number]>[]): Provider => ({
  ...providers[0]!,
  displayName,
  endpoints: endpoints.map((endpoint) => ({ ...providers[0]!.endpoints[0]!, fills: [], ...endpoint })),
});
const ring = wearable("Ring", [
  { yields: ["readiness"], fills: ["restingHeartRateBpm", "score"] },
  { yields: ["sleep_score"], fills: ["score"] },
]);
const watch = wearable("Watch", [{ yields: ["activity"], fills: ["steps", "strain"] }]);

test("README.md shows what the adapters can fill", () => {
  expect(refreshMatrix(true)).toBeNull();
});

test("fields are those that the metric's own endpoints fill, in the order of the domain", () => {
  expect(fieldsOf(ring)).toEqual([
    { metric: "SLEEP", name: "score" },
    { metric: "READINESS", name: "score" },
    { metric: "READINESS", name: "restingHeartRateBpm" },
  ]);
  expect(fieldsOf(wearable("Scale", [{ yields: ["readiness"] }]))).toEqual([]);
});

test("the matrix has a column for each wearable and a row for each field that anybody fills", () => {
  expect(capabilityMatrix([ring, watch]).split("\n")).toEqual([
    "| Metric | Field | Ring | Watch |",
    "| --- | --- | :-: | :-: |",
    "| SLEEP | `score` | yes | – |",
    "| READINESS | `score` | yes | – |",
    "| READINESS | `restingHeartRateBpm` | yes | – |",
    "| ACTIVITY | `steps` | – | yes |",
    "| ACTIVITY | `strain` | – | yes |",
  ]);
});

test("only what is between the markers is replaced", () => {
  const text = "# A\n<!-- matrix -->\nold\n<!-- /matrix -->\nB\n";
  expect(withMatrix(text, "new")).toBe("# A\n<!-- matrix -->\nnew\n<!-- /matrix -->\nB\n");
});

test.each([
  "",
  "<!-- matrix -->",
  "<!-- /matrix --> <!-- matrix -->",
  "<!-- matrix --> <!-- /matrix --> <!-- matrix --> <!-- /matrix -->",
])("text without one pair of markers is refused: %s", (text) => {
  expect(withMatrix(text, "new")).toBeNull();
});
