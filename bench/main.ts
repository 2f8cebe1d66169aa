import { Command } from "commander";
import { benchPlan } from "./plan.ts";

const bench = new Command("bench").description(
  "Measures what the README promises. Each prints medians and spread.",
);

bench
  .command("plan")
  .description(
    "planCluster: 10,000 ServiceAccounts against 10,000 associations, and its growth from 1,000 to 50,000",
  )
  .action(() => {
    if (!benchPlan()) process.exitCode = 1;
  });

await bench.parseAsync();
