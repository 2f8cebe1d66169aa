import { Command } from "commander";
import { benchDry } from "./dry.ts";
import { benchIdle } from "./idle.ts";
import { benchMemory } from "./memory.ts";
import { benchPlan } from "./plan.ts";
import { benchReaction } from "./reaction.ts";
import { benchStorm } from "./storm.ts";

const bench = new Command("bench").description(
  "Measures what the README promises. Each prints medians and spread.",
);

/** Each prints what it measured, and answers false where a target is missed. */
const benches = [
  {
    name: "plan",
    run: benchPlan,
    description:
      "planCluster: 10,000 ServiceAccounts against 10,000 associations, and its growth from 1,000 to 50,000",
  },
  {
    name: "reaction",
    run: benchReaction,
    description: "the daemon: time from a changed ServiceAccount to the call at EKS",
  },
  {
    name: "idle",
    run: benchIdle,
    description: "the daemon: calls and updates of an interval with nothing to do",
  },
  {
    name: "storm",
    run: benchStorm,
    description: "the daemon: 500 changes in ten seconds, and the time until all is in step",
  },
  {
    name: "memory",
    run: benchMemory,
    description:
      "the daemon: memory with 5 x 1,000 ServiceAccounts, and its growth over intervals with changes",
  },
  {
    name: "dry",
    run: benchDry,
    description: "the daemon: a day of intervals with DRY, and no call that changes anything",
  },
] as const;

for (const { name, run, description } of benches) {
  bench
    .command(name)
    .description(description)
    .action(async () => {
      if (!(await run())) process.exitCode = 1;
    });
}

await bench.parseAsync();
