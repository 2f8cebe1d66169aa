import Table from "cli-table3";
import ora from "ora";
import { type Pattern, parsePattern } from "../src/config/pattern.ts";
import type { LiveAssociation, RecordedAssociation } from "../src/model/association.ts";
import type { ServiceAccount } from "../src/model/serviceAccount.ts";
import { planCluster } from "../src/plan/planCluster.ts";
import { countActions } from "../src/plan/summary.ts";
import type { ClusterInput, ClusterRules } from "../src/plan/types.ts";
import { median, spread } from "./spread.ts";

const SIZES = [1_000, 5_000, 10_000, 20_000, 50_000];
const TARGET_SIZE = 10_000;
const TARGET_MS = 150;
/** The dearest size may cost at most this many times as much for each item as the cheapest. */
const FLAT = 3;
const RUNS = 15;
/** Every run plans this many ServiceAccounts, whatever the size, so that all sizes are measured equally well. */
const ITEMS_PER_RUN = 50_000;

interface Series {
  readonly size: number;
  readonly input: ClusterInput;
  /** Milliseconds of each run, for one plan. */
  readonly wall: number[];
  /** The same in processor time of the thread, which other processes do not lengthen. */
  readonly cpu: number[];
}

/** Measures `planCluster` and prints a table; false where a target is missed. */
export function benchPlan(): boolean {
  const series = SIZES.map((size): Series => ({ size, input: clusterOf(size), wall: [], cpu: [] }));
  const spinner = ora("warming up").start();
  for (const one of series) measure(one);
  for (const { wall, cpu } of series) wall.length = cpu.length = 0;
  // Round by round, so that what else the machine does falls on every size.
  for (let run = 1; run <= RUNS; run++) {
    spinner.text = `planning up to ${SIZES.at(-1)} ServiceAccounts, run ${run} of ${RUNS}`;
    spinner.render();
    for (const one of series) measure(one);
  }
  spinner.stop();

  const table = new Table({
    head: ["ServiceAccounts", "ms", "CPU ms", "CPU us/item", "planned"],
    style: { head: [], border: [] },
  });
  for (const one of series) {
    const cost = perItem(one).toFixed(2);
    table.push([one.size, spread(one.wall, 1), spread(one.cpu, 1), cost, planned(one)]);
  }
  console.log(table.toString());
  console.log(
    `median (min - max) of ${RUNS} runs; as many live and recorded associations, in scattered order`,
  );
  return verdict(series);
}

function measure({ size, input, wall, cpu }: Series): void {
  const plans = ITEMS_PER_RUN / size;
  const [start, cpuStart] = [performance.now(), process.threadCpuUsage()];
  for (let plan = 0; plan < plans; plan++) planCluster(input);
  const used = process.threadCpuUsage(cpuStart);
  wall.push((performance.now() - start) / plans);
  cpu.push((used.user + used.system) / 1000 / plans);
}

function verdict(series: readonly Series[]): boolean {
  const target = series.find(({ size }) => size === TARGET_SIZE);
  const fast = target !== undefined && median(target.wall) < TARGET_MS;
  const costs = series.map(perItem);
  const growth = Math.max(...costs) / Math.min(...costs);
  const flat = growth <= FLAT;
  console.log(`${TARGET_SIZE} in under ${TARGET_MS} ms: ${fast ? "yes" : "NO"}`);
  console.log(
    `CPU time per item flat: ${flat ? "yes" : "NO"} (dearest / cheapest ${growth.toFixed(2)}, at most ${FLAT})`,
  );
  return fast && flat;
}

function planned({ input }: Series): string {
  const counts = Object.entries(countActions([planCluster(input)])).filter(([, count]) => count > 0);
  return counts.map(([action, count]) => `${action} ${count}`).join(", ");
}

/** Microseconds. */
function perItem({ size, cpu }: Series): number {
  return (median(cpu) * 1000) / size;
}

/**
 * A cluster as pull requests make them: twenty ServiceAccounts to a namespace,
 * ten to a role. Of a hundred, one is new, one is gone, one has another role,
 * one is excluded, one asks for a role that it may not use, one was lost from the state.
 */
function clusterOf(size: number): ClusterInput {
  const serviceAccounts: ServiceAccount[] = [];
  const live: LiveAssociation[] = [];
  const recorded: RecordedAssociation[] = [];
  for (let index = 0; index < size; index++) {
    const kind = index % 100;
    const ref = {
      namespace: `pr-${digits(index / 20)}`,
      name: `${kind === 3 ? "legacy" : "service"}-${digits(index)}`,
    };
    const role = `arn:aws:iam::111122223333:role/${kind === 4 ? "admin" : `service-${Math.floor(index / 10)}`}`;
    const held = { ...ref, id: `a-${index}`, tags, spec: { roleArn: kind === 2 ? `${role}-before` : role } };
    if (kind !== 1) serviceAccounts.push({ ...ref, annotations: { [annotations.roleArn]: role, team: "a" } });
    if (kind !== 0) live.push(held);
    if (kind !== 0 && kind !== 5) recorded.push(held);
  }
  const listed = offTheWire({ serviceAccounts, live: scattered(live), recorded: scattered(recorded) });
  return {
    cluster: { name: "bench", region: "eu-west-1", account: "111122223333" },
    rules: rules(),
    serviceAccounts: { state: "complete", items: listed.serviceAccounts },
    associations: { state: "complete", items: listed.live },
    recorded: listed.recorded,
    roleTrust: new Map(),
  };
}

/** All of one length, so that the ServiceAccounts come in the order of their names, as the API server lists them. */
function digits(index: number): string {
  return String(Math.floor(index)).padStart(5, "0");
}

/** Listings share no strings: each is parsed on its own. */
function offTheWire<T>(listings: T): T {
  return JSON.parse(JSON.stringify(listings));
}

/** AWS lists in no order that is of use here. */
function scattered<T>(items: readonly T[]): readonly T[] {
  const stride = 7919;
  return items.flatMap((_, index) => items[(index * stride) % items.length] ?? []);
}

const tags = { "managed-by": "eks-pod-identity-sync", stack: "bench" };
const annotations = {
  roleArn: "eks.amazonaws.com/role-arn",
  targetRoleArn: "example.com/target-role-arn",
  disableSessionTags: "example.com/disable-session-tags",
  policy: "example.com/policy",
};

function rules(): ClusterRules {
  const everyName = pattern("");
  return {
    annotations,
    exclude: [
      { namespace: pattern("^kube-system$"), name: everyName },
      { namespace: pattern("_^pr-"), name: everyName },
      { namespace: everyName, name: pattern("^legacy-[0-9]+$") },
    ],
    restrict: [
      {
        roleArn: pattern("^arn:aws:iam::111122223333:role/admin$"),
        allow: [{ namespace: pattern("^ops$"), name: everyName }],
      },
      { roleArn: pattern("^arn:aws:iam::111122223333:role/(billing|payroll)-"), allow: [] },
    ],
    tags,
    purge: true,
    roleTrustCheck: "warn",
    deletionLimit: { count: 20, share: 0.1 },
  };
}

function pattern(source: string): Pattern {
  const parsed = parsePattern(source);
  if ("pattern" in parsed) return parsed.pattern;
  throw new Error(`${source}: ${parsed.problem}`);
}
