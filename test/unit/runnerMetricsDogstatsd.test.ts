import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Dogstatsd, dogstatsd, globalTags } from "../../src/runner/metrics/dogstatsd.ts";
import { blue, decision, plan, updateEnd } from "./runnerStatusFixture.ts";

let agent: ReturnType<typeof createSocket>;
let received: string[];
let client: Dogstatsd | undefined;

beforeEach(async () => {
  agent = createSocket("udp4");
  received = [];
  agent.on("message", (packet) =>
    received.push(
      ...packet
        .toString()
        .split("\n")
        .filter((line) => line !== ""),
    ),
  );
  agent.bind(0, "127.0.0.1");
  await once(agent, "listening");
});
afterEach(async () => {
  await client?.stop();
  client = undefined;
  agent.close();
});

function start(options: { sampleRate?: number } = {}) {
  const { sampleRate = 1 } = options;
  const errors: Error[] = [];
  client = dogstatsd({
    host: "127.0.0.1",
    port: agent.address().port,
    sampleRate,
    service: "pod-identity",
    tags: "env:prod team:platform",
    podName: "pod-0",
    dry: false,
    onError: (error) => errors.push(error),
  });
  return client.observer;
}

/** Sends what is buffered, and waits until as many lines have arrived. */
async function lines(count: number): Promise<readonly string[]> {
  await client?.stop();
  client = undefined;
  while (received.length < count) await once(agent, "message");
  return received;
}

const tags = "env:prod,team:platform,service:pod-identity,pod_name:pod-0";

/** `name:value|type` and the tags of its own, sorted. */
function parsed(line: string): string {
  const [head = "", type = "", ...rest] = line.split("|");
  const all =
    rest
      .find((part) => part.startsWith("#"))
      ?.slice(1)
      .split(",") ?? [];
  const own = all.filter((tag) => !tags.split(",").includes(tag)).sort();
  return [`${head}|${type}`, ...own].join(" ");
}

describe("Dogstatsd", () => {
  test("gauges, distributions and counters, with the Go controller's names and tags", async () => {
    const observer = start();
    observer.apiCalled?.({ cluster: "blue", api: "tag:GetResources", ok: true, durationMs: 250 });
    observer.clusterRead?.("dev", blue, 500);
    observer.planned?.("dev", plan(blue, [decision()]), 1000, false);
    observer.associationChanged?.("dev", {
      cluster: blue,
      namespace: "shop",
      name: "api",
      operation: "created",
    });
    observer.updateEnded?.(updateEnd());
    const sent = await lines(18);
    expect(sent.map(parsed)).toEqual(
      expect.arrayContaining([
        "ns.api_latency_seconds:0.25|d api:tag:GetResources cluster:blue status:ok",
        "ns.discover_latency_seconds:0.5|d cluster:blue",
        "ns.reconcile_latency_seconds:0|d cluster:blue",
        "ns.service_accounts:1|g cluster:blue ignore_reason:not_ignored",
        "ns.pod_identity_associations:0|g cluster:blue ignore_reason:excluded",
        "ns.association_changes_total:1|c account:111122223333 cluster:blue operation:created region:eu-west-1 stack:dev",
        "ns.up_duration_seconds:2.5|d kind:up result:succeeded stack:dev",
      ]),
    );
  });

  test("every value carries the service, the pod's name and DD_TAGS", async () => {
    const observer = start();
    observer.leadershipChanged?.(true, 0);
    const [line = ""] = await lines(1);
    expect(line.split("|").slice(0, 3)).toEqual(["ns.leader:1", "g", `#${tags}`]);
  });

  test("a sample rate is sent along", async () => {
    const observer = start({ sampleRate: 0.999 });
    for (let call = 0; call < 200; call += 1) {
      observer.apiCalled?.({ cluster: "blue", api: "eks:DescribeCluster", ok: true, durationMs: 1 });
    }
    const [line = ""] = await lines(1);
    expect(line).toContain("|d|@0.999|");
  });
});

test.each([
  ["env:prod team:a", ["env:prod", "team:a", "service:s", "pod_name:p"]],
  ["env:prod,team:a", ["env:prod", "team:a", "service:s", "pod_name:p"]],
  ["", ["service:s", "pod_name:p"]],
])("DD_TAGS=%j", (text, expected) => {
  expect(globalTags({ tags: text, service: "s", podName: "p" })).toEqual(expected);
});
test("without DD_SERVICE there is no tag for it", () => {
  expect(globalTags({ podName: "p" })).toEqual(["pod_name:p"]);
});
