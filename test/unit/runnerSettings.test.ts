import { describe, expect, test } from "vitest";
import { parseGoDuration } from "../../src/runner/goDuration.ts";
import { readSettings } from "../../src/runner/settings.ts";

describe("Go durations", () => {
  test.each([
    ["1m", 60_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5s", 1_500],
    [".5s", 500],
    ["1m0.5s", 60_500],
    ["-10s", -10_000],
    ["+10s", 10_000],
    ["0", 0],
    ["100us", 0.1],
    ["100µs", 0.1],
  ])("%s is %d ms", (text, milliseconds) => {
    expect(parseGoDuration(text)).toBeCloseTo(milliseconds, 6);
  });
  test.each(["", "30", "1 m", "m", "1d", "1m30", "1,5s", "--1s", ".s", "1e3s"])("%j is none", (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});

describe("settings", () => {
  test("the defaults are the Go controller's", () => {
    expect(readSettings({}, {})).toEqual({
      logLevel: "info",
      logJson: false,
      configFile: undefined,
      intervalMs: 60_000,
      runOnce: false,
      dry: true,
      address: { port: 8080 },
      healthPath: "/health",
      metricsPath: "/metrics",
      metricsNamespace: "",
      latencyBuckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      dogstatsdEnable: false,
      dogstatsdSampleRate: 1,
      ddAgentHost: "localhost",
      ddAgentPort: 8125,
      ddTags: undefined,
      ddService: undefined,
      policyPack: true,
      kubernetesEvents: true,
      leaderElection: false,
      leaseNamespace: "default",
      leaseName: "eks-pod-identity-sync",
      driftPeriodMs: 3_600_000,
    });
  });

  test.each(["1", "t", "T", "TRUE", "true", "True"])("DRY=%s is true", (text) => {
    expect(readSettings({ DRY: text }, {}).dry).toBe(true);
  });
  test.each(["0", "f", "F", "FALSE", "false", "False"])("DRY=%s is false", (text) => {
    expect(readSettings({ DRY: text }, {}).dry).toBe(false);
  });

  test("an empty variable counts as unset, and a flag goes before its variable", () => {
    expect(readSettings({ INTERVAL: "", ADDR: ":9090" }, { addr: "127.0.0.1:9091" })).toMatchObject({
      intervalMs: 60_000,
      address: { host: "127.0.0.1", port: 9091 },
    });
  });

  test.each([
    ["DRY", "no", /^DRY: expected true or false, found "no"$/],
    ["INTERVAL", "30", /^INTERVAL: expected a duration above 0.*found "30"$/],
    ["INTERVAL", "0s", /^INTERVAL: /],
    ["INTERVAL", "-1m", /^INTERVAL: /],
    ["LOG_LEVEL", "verbose", /^LOG_LEVEL: expected debug, info, warn or error/],
    ["ADDR", "8080", /^ADDR: expected HOST:PORT/],
    ["ADDR", ":99999", /^ADDR: expected a port up to 65535/],
    ["HEALTH_PATH", "health", /^HEALTH_PATH: expected a path/],
    ["METRICS_NAMESPACE", "my-ns", /^METRICS_NAMESPACE: /],
    ["LATENCY_BUCKETS_SECONDS", "1, .5", /^LATENCY_BUCKETS_SECONDS: expected rising/],
    ["LATENCY_BUCKETS_SECONDS", "1,,2", /^LATENCY_BUCKETS_SECONDS: /],
    ["LATENCY_BUCKETS_SECONDS", "0,1", /^LATENCY_BUCKETS_SECONDS: /],
    ["DOGSTATSD_SAMPLE_RATE", "0", /^DOGSTATSD_SAMPLE_RATE: /],
    ["DOGSTATSD_SAMPLE_RATE", "x", /^DOGSTATSD_SAMPLE_RATE: /],
    ["DRIFT_PERIOD", "-1s", /^DRIFT_PERIOD: /],
  ])("%s=%s is refused by name", (name, value, message) => {
    expect(() => readSettings({ [name]: value }, {})).toThrow(message);
  });

  test("all bad values are named at once, the flag where it was one", () => {
    expect(() => readSettings({ DRY: "no" }, { interval: "soon" })).toThrow(
      /--interval: .*"soon"\nDRY: .*"no"/,
    );
  });
});
