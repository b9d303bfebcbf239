/** Cycles in a graph of modules: a depth-first walk that reports the way back to where it has been. */

/**
 * @param graph by module, what it imports; names that are no keys are passed over
 * @returns each cycle that the walk meets, from a module back to itself; none means that there is no cycle at all
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (module: string): void => {
    const before = path.indexOf(module);
    if (before >= 0) cycles.push([...path.slice(before), module]);
    if (before >= 0 || finished.has(module)) return;
    path.push(module);
    for (const imported of graph.get(module) ?? []) if (graph.has(imported)) visit(imported);
    path.pop();
    finished.add(module);
  };
  for (const module of graph.keys()) visit(module);
  return cycles;
}
