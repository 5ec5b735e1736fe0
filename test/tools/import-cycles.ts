/** Imports by file: the targets of each. */
export type ImportEdges = ReadonlyMap<string, readonly { readonly target: string }[]>;

/** One shortest cycle through the first file of every group of files that import one another, found by Tarjan's algorithm. */
export function findCycles(edges: ImportEdges): string[][] {
  return stronglyConnected(edges)
    .map((group) => shortestCycle(edges, [...group].sort()))
    .filter((cycle) => cycle.length > 0);
}

/** @see https://doi.org/10.1137/0201010 */
function stronglyConnected(edges: ImportEdges): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (file: string): number => {
    const index = order.size;
    order.set(file, index);
    let lowest = index;
    stack.push(file);
    for (const { target } of edges.get(file) ?? []) {
      if (!order.has(target)) lowest = Math.min(lowest, visit(target));
      else if (stack.includes(target)) lowest = Math.min(lowest, order.get(target) ?? lowest);
    }
    low.set(file, lowest);
    if (lowest === index) groups.push(stack.splice(stack.indexOf(file)));
    return lowest;
  };
  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return groups;
}

function shortestCycle(edges: ImportEdges, group: readonly string[]): string[] {
  const start = group[0] ?? "";
  const paths: string[][] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const { target } of edges.get(path.at(-1) ?? "") ?? []) {
      if (target === start) return path;
      if (!group.includes(target) || seen.has(target)) continue;
      seen.add(target);
      paths.push([...path, target]);
    }
  }
  return [];
}
