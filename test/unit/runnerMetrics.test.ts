import { describe, expect, test } from "vitest";
import type { Decision } from "../../src/plan/types.ts";
import { countPlan } from "../../src/runner/metrics/planCounts.ts";
import { prometheusMetrics } from "../../src/runner/metrics/prometheus.ts";
import { blue, decision, green, otherBlue, plan, update, updateEnd } from "./runnerStatusFixture.ts";

const seedBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

function metrics(options: { namespace?: string; dry?: boolean } = {}) {
  const { namespace = "", dry = false } = options;
  const { observer, registry } = prometheusMetrics({ namespace, latencyBuckets: seedBuckets, dry });
  return {
    observer,
    /** The lines of one metric, as Prometheus reads them. */
    lines: async (name: string) =>
      (await registry.metrics())
        .split("\n")
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)),
    text: () => registry.metrics(),
  };
}

const excluded = decision({ name: "excluded", action: "ignore", cause: "excluded" });
const { associationId: _, ...without } = decision({
  name: "restricted",
  action: "ignore",
  cause: "restricted_role",
});
const restricted: Decision = without;

describe("what a plan counts", () => {
  const { associationId: _, ...missing } = decision({ action: "create" });
  test.each<[string, Decision, string, string]>([
    ["as annotated", decision(), "not_ignored", "not_ignored"],
    ["to be created", missing, "not_ignored", "none"],
    ["to be created again", decision({ action: "create", recreate: true }), "not_ignored", "none"],
    ["to be updated", decision({ action: "update" }), "not_ignored", "not_ignored"],
    ["without its ServiceAccount", decision({ action: "delete" }), "none", "not_ignored"],
    ["to be purged", decision({ action: "purge" }), "none", "not_ignored"],
    ["excluded", excluded, "excluded", "excluded"],
    ["excluded, kept", decision({ action: "keep", cause: "excluded" }), "excluded", "excluded"],
    ["restricted", restricted, "restricted_role", "none"],
    [
      "restricted, to be deleted",
      decision({ action: "delete", cause: "restricted_role" }),
      "restricted_role",
      "not_ignored",
    ],
    [
      "restricted, another's",
      decision({ action: "ignore", cause: "restricted_role" }),
      "restricted_role",
      "none",
    ],
    ["invalid, kept", decision({ action: "keep", cause: "invalid" }), "not_ignored", "not_ignored"],
    ["in conflict", decision({ action: "conflict", cause: "external" }), "not_ignored", "none"],
    ["another's alone", decision({ action: "ignore", cause: "external" }), "none", "none"],
  ])("%s", (_name, row, serviceAccount, association) => {
    const zero = { not_ignored: 0, excluded: 0, restricted_role: 0 };
    const one = (reason: string) => (reason === "none" ? zero : { ...zero, [reason]: 1 });
    expect(countPlan(plan(blue, [row]))).toEqual({
      serviceAccounts: one(serviceAccount),
      associations: one(association),
    });
  });
});

describe("the Go controller's metrics", () => {
  test("gauges of ServiceAccounts and associations by reason", async () => {
    const { observer, lines } = metrics();
    observer.planned?.("dev", plan(blue, [decision(), excluded, restricted]), 0, false);
    expect(await lines("service_accounts")).toEqual([
      'service_accounts{cluster="blue",ignore_reason="not_ignored"} 1',
      'service_accounts{cluster="blue",ignore_reason="excluded"} 1',
      'service_accounts{cluster="blue",ignore_reason="restricted_role"} 1',
    ]);
    expect(await lines("pod_identity_associations")).toEqual([
      'pod_identity_associations{cluster="blue",ignore_reason="not_ignored"} 1',
      'pod_identity_associations{cluster="blue",ignore_reason="excluded"} 1',
    ]);
  });

  test("every call has a status, ListClusters an empty cluster, and the buckets are those set", async () => {
    const { observer, lines } = metrics();
    observer.apiCalled?.({ cluster: "", api: "eks:ListClusters", ok: true, durationMs: 30 });
    observer.apiCalled?.({ cluster: "blue", api: "tag:GetResources", ok: true, durationMs: 3000 });
    observer.apiCalled?.({
      cluster: "blue",
      api: "eks:CreatePodIdentityAssociation",
      ok: false,
      durationMs: 5,
    });
    expect(await lines("api_latency_seconds_count")).toEqual([
      'api_latency_seconds_count{cluster="",api="eks:ListClusters",status="ok"} 1',
      'api_latency_seconds_count{cluster="blue",api="tag:GetResources",status="ok"} 1',
      'api_latency_seconds_count{cluster="blue",api="eks:CreatePodIdentityAssociation",status="error"} 1',
    ]);
    const bounds = (await lines("api_latency_seconds_bucket"))
      .filter((line) => line.includes("ListClusters"))
      .map((line) => `${/le="([^"]*)"/.exec(line)?.[1]} ${line.split(" ").at(-1)}`);
    expect(bounds).toEqual([
      "0.005 0",
      "0.01 0",
      "0.025 0",
      "0.05 1",
      "0.1 1",
      "0.25 1",
      "0.5 1",
      "1 1",
      "2.5 1",
      "+Inf 1",
    ]);
  });

  test("latencies of discovery and reconciliation are gauges in seconds", async () => {
    const { observer, lines } = metrics();
    observer.clusterRead?.("dev", blue, 250);
    observer.planned?.("dev", plan(blue, [decision({ action: "update" })]), 1000, true);
    observer.updateEnded?.(updateEnd());
    expect(await lines("discover_latency_seconds")).toEqual([
      'discover_latency_seconds{cluster="blue"} 0.25',
    ]);
    expect(await lines("reconcile_latency_seconds")).toEqual([
      'reconcile_latency_seconds{cluster="blue"} 2.5',
    ]);
    observer.planned?.("dev", plan(blue, [decision()]), 5000, false);
    expect(await lines("reconcile_latency_seconds")).toEqual(['reconcile_latency_seconds{cluster="blue"} 0']);
  });

  test("METRICS_NAMESPACE goes before every name but those of the process", async () => {
    const { observer, text } = metrics({ namespace: "ns" });
    observer.planned?.("dev", plan(blue, [decision()]), 0, false);
    expect(await text()).toContain('ns_service_accounts{cluster="blue",ignore_reason="not_ignored"} 1');
    expect(await text()).toMatch(/^process_cpu_seconds_total /m);
    expect(await text()).not.toMatch(/^service_accounts/m);
  });

  test("a blocked plan leaves the numbers as they were last known", async () => {
    const { observer, lines } = metrics();
    observer.planned?.("dev", plan(blue, [decision(), decision({ name: "web" })]), 0, false);
    observer.planned?.("dev", plan(blue, [], "ServiceAccounts not listed"), 1000, false);
    expect((await lines("service_accounts"))[0]).toBe(
      'service_accounts{cluster="blue",ignore_reason="not_ignored"} 2',
    );
    expect(await lines("cluster_blocked")).toEqual([
      'cluster_blocked{stack="dev",cluster="blue",region="eu-west-1",account="111122223333"} 1',
    ]);
  });
});

describe("clusters that share a name", () => {
  test("are added up under the name, and told apart by the new metrics", async () => {
    const { observer, lines } = metrics();
    observer.planned?.("dev", plan(blue, [decision()]), 1000, false);
    observer.planned?.("dev", plan(otherBlue, [decision(), decision({ name: "web" })]), 2000, false);
    observer.clusterRead?.("dev", blue, 900);
    observer.clusterRead?.("dev", otherBlue, 100);
    expect((await lines("service_accounts"))[0]).toBe(
      'service_accounts{cluster="blue",ignore_reason="not_ignored"} 3',
    );
    expect(await lines("discover_latency_seconds")).toEqual(['discover_latency_seconds{cluster="blue"} 0.9']);
    expect(await lines("last_success_timestamp_seconds")).toEqual([
      'last_success_timestamp_seconds{stack="dev",cluster="blue",region="eu-west-1",account="111122223333"} 1',
      'last_success_timestamp_seconds{stack="dev",cluster="blue",region="eu-west-1",account="444455556666"} 2',
    ]);
  });

  test("one that goes takes its part away; the last one all series", async () => {
    const { observer, lines, text } = metrics();
    observer.planned?.("dev", plan(blue, [decision()]), 1000, false);
    observer.planned?.("dev", plan(otherBlue, [decision(), decision({ name: "web" })]), 2000, false);
    observer.planned?.("dev", plan(green, [decision()]), 3000, false);
    observer.apiCalled?.({ cluster: "blue", api: "eks:DescribeCluster", ok: true, durationMs: 1 });
    observer.clusterGone?.("dev", otherBlue);
    expect((await lines("service_accounts"))[0]).toBe(
      'service_accounts{cluster="blue",ignore_reason="not_ignored"} 1',
    );
    expect(await lines("cluster_blocked")).toHaveLength(2);
    observer.clusterGone?.("dev", blue);
    expect(await text()).not.toContain('cluster="blue"');
    expect(await lines("service_accounts")).toHaveLength(3);
  });
});

describe("the operator's metrics", () => {
  const place = 'stack="dev",cluster="blue",region="eu-west-1",account="111122223333"';

  test("updates by kind and result, changes by operation, and the time from event to association", async () => {
    const { observer, lines } = metrics();
    observer.updateStarted?.(update());
    const change = { cluster: blue, namespace: "shop", name: "api" };
    observer.associationChanged?.("dev", { ...change, operation: "created", sinceEventMs: 800 });
    observer.associationChanged?.("dev", { ...change, operation: "failed", sinceEventMs: 800 });
    observer.associationChanged?.("dev", { ...change, operation: "created" });
    observer.updateEnded?.(updateEnd({ result: "failed" }));
    expect(await lines("up_duration_seconds_sum")).toEqual([
      'up_duration_seconds_sum{stack="dev",kind="up",result="failed"} 2.5',
    ]);
    expect(await lines("association_changes_total")).toEqual([
      `association_changes_total{${place},operation="created"} 2`,
      `association_changes_total{${place},operation="failed"} 1`,
    ]);
    expect(await lines("event_to_association_seconds_sum")).toEqual([
      'event_to_association_seconds_sum{stack="dev"} 0.8',
    ]);
    expect(await lines("event_to_association_seconds_count")).toEqual([
      'event_to_association_seconds_count{stack="dev"} 1',
    ]);
  });

  test.each([
    {
      what: "an update that succeeded",
      end: updateEnd(),
      dry: false,
      expected: [`last_success_timestamp_seconds{${place}} 3.5`],
    },
    { what: "an update that failed", end: updateEnd({ result: "failed" }), dry: false, expected: [] },
    { what: "a preview", end: updateEnd({ kind: "preview" }), dry: false, expected: [] },
    {
      what: "with DRY, the plan alone",
      end: updateEnd({ kind: "preview" }),
      dry: true,
      expected: [`last_success_timestamp_seconds{${place}} 1`],
    },
  ])("last success: $what", async ({ end, dry, expected }) => {
    const { observer, lines } = metrics({ dry });
    observer.planned?.("dev", plan(blue, [decision({ action: "update" })]), 1000, true);
    observer.updateEnded?.(end);
    expect(await lines("last_success_timestamp_seconds")).toEqual(expected);
  });

  test("a watch that was open and was lost counts; one that opens for the first time does not", async () => {
    const { observer, lines } = metrics();
    for (const state of ["connecting", "live", "connecting", "connecting", "live"] as const) {
      observer.watchChanged?.("dev", blue, { state }, 0);
    }
    expect(await lines("watch_restarts_total")).toEqual([`watch_restarts_total{${place}} 1`]);
    expect(await lines("watch_live")).toEqual([`watch_live{${place}} 1`]);
  });

  test("plan sizes, problems and leadership", async () => {
    const { observer, lines } = metrics();
    expect(await lines("leader")).toEqual([]);
    observer.leadershipChanged?.(true, 0);
    observer.problems?.("dev", [{ where: "clusters[0]", message: "denied" }]);
    observer.problems?.("dev", [{ where: "clusters[0]", message: "denied again" }]);
    observer.planned?.(
      "dev",
      plan(blue, [decision({ action: "update" }), decision({ name: "b", action: "update" })]),
      0,
      true,
    );
    expect(await lines("leader")).toEqual(["leader 1"]);
    expect(await lines("configuration_problems")).toEqual(['configuration_problems{stack="dev"} 1']);
    expect(await lines("plan_changes")).toContain(`plan_changes{${place},action="update"} 2`);
    observer.problems?.("dev", []);
    expect(await lines("configuration_problems")).toEqual(['configuration_problems{stack="dev"} 0']);
  });
});
