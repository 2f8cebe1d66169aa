import { availableParallelism, loadavg } from "node:os";
import Table from "cli-table3";

/** One promise, and what was measured. */
export interface Target {
  readonly what: string;
  readonly target: string;
  readonly result: string;
  readonly met: boolean;
}

/** Prints the promises with what was measured; true where all are kept. */
export function printTargets(targets: readonly Target[]): boolean {
  printTable(
    ["", "target", "result", "met"],
    targets.map(({ what, target, result, met }) => [what, target, result, met ? "yes" : "NO"]),
  );
  return targets.every(({ met }) => met);
}

/** Prints a table without colours. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  console.log(table.toString());
}

/** What else the machine does says how far times can be trusted. */
export function printLoad(): void {
  const [minute = 0] = loadavg();
  console.log(`${availableParallelism()} cores, load of the last minute ${minute.toFixed(1)}`);
}
