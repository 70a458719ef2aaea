// SPDX-License-Identifier: Apache-2.0
//
// The path through a node: what leads to it, and what it leads to. Pure.

export type Edge = [from: string, to: string];

export function reachable(node: string, edges: Edge[]): Set<string> {
  const found = new Set([node]);
  const walk = (from: 0 | 1, to: 0 | 1) => {
    const line = [node];
    const seen = new Set(line);
    for (let next = line.pop(); next !== undefined; next = line.pop()) {
      for (const edge of edges) {
        if (edge[from] !== next || seen.has(edge[to])) continue;
        seen.add(edge[to]);
        found.add(edge[to]);
        line.push(edge[to]);
      }
    }
  };
  walk(0, 1);
  walk(1, 0);
  return found;
}
