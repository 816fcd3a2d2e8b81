// Where a program's time goes, from a profile that Node wrote (`--cpu-prof`).
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * Microseconds of all samples by part: that of the innermost function on the stack that one of `parts` fits, as
 * `[name, RegExp]` on "function file"; what fits none is `rest`. Waiting for requests does not count.
 */
export function timeByPart(folder, parts) {
  const [file] = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path.join(folder, file), "utf8"));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node])));
  const partOf = new Map();
  const find = (node) => {
    if (!node) return "rest";
    if (!partOf.has(node.id)) {
      const { functionName, url } = node.callFrame;
      const own = parts.find(([, pattern]) => pattern.test(`${functionName} ${url}`));
      partOf.set(node.id, own ? own[0] : find(parentOf.get(node.id)));
    }
    return partOf.get(node.id);
  };
  const times = new Map([...parts.map(([name]) => [name, 0]), ["rest", 0]]);
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    if (node.callFrame.functionName === "(idle)") continue;
    const part = find(node);
    times.set(part, times.get(part) + timeDeltas[index]);
  }
  return times;
}
