import { z } from "zod";
import { UserError } from "../model/userError.ts";
import { parseGoDuration } from "./goDuration.ts";

// The values are written as for the Go controller: strconv.ParseBool, time.ParseDuration, lists with commas.
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

const flag = z
  .string()
  .refine((text) => TRUE.includes(text) || FALSE.includes(text), "expected true or false")
  .transform((text) => TRUE.includes(text));

const interval = z
  .string()
  .refine((text) => (parseGoDuration(text) ?? 0) > 0, "expected a duration above 0, such as 30s, 1m or 1h30m")
  .transform((text) => parseGoDuration(text) ?? 0);

const duration = z
  .string()
  .refine((text) => (parseGoDuration(text) ?? -1) >= 0, "expected a duration, such as 30s, 1m or 1h30m")
  .transform((text) => parseGoDuration(text) ?? 0);

const buckets = z
  .string()
  .transform((text) => text.split(",").map((item) => Number(item.trim() || Number.NaN)))
  .refine(
    (numbers) => numbers.every((number, index) => number > (index === 0 ? 0 : (numbers[index - 1] ?? 0))),
    "expected rising numbers of seconds, with commas between them",
  );

const path = z.string().regex(/^\/[\w./-]*$/, "expected a path that begins with /");

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]*):\d{1,5}$/, "expected HOST:PORT or :PORT")
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    const host = text.slice(0, colon).replace(/^\[|\]$/g, "");
    return { ...(host === "" ? {} : { host }), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, "expected a port up to 65535");

const sampleRate = z
  .string()
  .transform(Number)
  .refine((rate) => rate > 0 && rate <= 1, "expected a number above 0, up to 1");

/** One setting: its variable, the flag that does the same, its default as text, and what it is. */
interface Setting {
  readonly env: string;
  readonly flag: string;
  readonly default?: string;
  readonly schema: z.ZodType;
  readonly help: string;
}

/** Keeps the setting's exact type: whether it has a default decides whether its value may be undefined. */
function setting<const Of extends Setting>(of: Of): Of {
  return of;
}

/** Every setting of the daemon; those of the Go controller with its names, formats and defaults. */
export const settings = {
  logLevel: setting({
    env: "LOG_LEVEL",
    flag: "log-level",
    default: "info",
    schema: z.enum(["debug", "info", "warn", "error"], "expected debug, info, warn or error"),
    help: "what to log: debug, info, warn or error",
  }),
  logJson: setting({ env: "LOG_JSON", flag: "log-json", default: "false", schema: flag, help: "log JSON" }),
  configFile: setting({
    env: "CONFIG_FILE",
    flag: "config",
    schema: z.string(),
    help: "the configuration; without it the stack's own, then ./config.yaml",
  }),
  intervalMs: setting({
    env: "INTERVAL",
    flag: "interval",
    default: "1m",
    schema: interval,
    help: "time between two looks at AWS; ServiceAccounts are watched",
  }),
  runOnce: setting({
    env: "RUN_ONCE",
    flag: "once",
    default: "false",
    schema: flag,
    help: "reconcile once and end; exit code 1 where anything failed",
  }),
  dry: setting({
    env: "DRY",
    flag: "dry",
    default: "true",
    schema: flag,
    help: "change nothing: say what would be done",
  }),
  address: setting({
    env: "ADDR",
    flag: "addr",
    default: ":8080",
    schema: address,
    help: "where to listen for health checks, metrics and the status page",
  }),
  healthPath: setting({
    env: "HEALTH_PATH",
    flag: "health-path",
    default: "/health",
    schema: path,
    help: "path of the health check",
  }),
  metricsPath: setting({
    env: "METRICS_PATH",
    flag: "metrics-path",
    default: "/metrics",
    schema: path,
    help: "path of the Prometheus metrics",
  }),
  metricsNamespace: setting({
    env: "METRICS_NAMESPACE",
    flag: "metrics-namespace",
    default: "",
    schema: z.string().regex(/^([a-zA-Z_]\w*)?$/, "expected letters, digits and _"),
    help: "prefix of the metrics' names",
  }),
  latencyBuckets: setting({
    env: "LATENCY_BUCKETS_SECONDS",
    flag: "latency-buckets",
    default: ".005, .01, .025, .05, .1, .25, .5, 1, 2.5",
    schema: buckets,
    help: "buckets of the latency histograms, in seconds",
  }),
  dogstatsdEnable: setting({
    env: "DOGSTATSD_ENABLE",
    flag: "dogstatsd",
    default: "false",
    schema: flag,
    help: "send the metrics to Dogstatsd too",
  }),
  dogstatsdSampleRate: setting({
    env: "DOGSTATSD_SAMPLE_RATE",
    flag: "dogstatsd-sample-rate",
    default: "1.0",
    schema: sampleRate,
    help: "share of the Dogstatsd values that are sent",
  }),
  ddAgentHost: setting({
    env: "DD_AGENT_HOST",
    flag: "dd-agent-host",
    default: "localhost",
    schema: z.string().min(1, "expected a host"),
    help: "host of the Dogstatsd agent",
  }),
  ddAgentPort: setting({
    env: "DD_AGENT_PORT",
    flag: "dd-agent-port",
    default: "8125",
    schema: z
      .string()
      .regex(/^\d+$/, "expected a port")
      .transform(Number)
      .refine((port) => port > 0 && port <= 65_535, "expected a port"),
    help: "port of the Dogstatsd agent",
  }),
  ddTags: setting({
    env: "DD_TAGS",
    flag: "dd-tags",
    schema: z.string(),
    help: "tags for every Dogstatsd value, key:value with blanks or commas between them",
  }),
  ddService: setting({
    env: "DD_SERVICE",
    flag: "dd-service",
    schema: z.string(),
    help: "name of the service for Datadog",
  }),
  policyPack: setting({
    env: "POLICY_PACK",
    flag: "policy-pack",
    default: "true",
    schema: flag,
    help: "check every update with the policy pack",
  }),
  kubernetesEvents: setting({
    env: "KUBERNETES_EVENTS",
    flag: "kubernetes-events",
    default: "true",
    schema: flag,
    help: "tell on each ServiceAccount, as an Event, what became of its association",
  }),
  leaderElection: setting({
    env: "LEADER_ELECTION",
    flag: "leader-election",
    default: "false",
    schema: flag,
    help: "write only while this process holds a Kubernetes Lease; others stand by",
  }),
  leaseNamespace: setting({
    env: "LEASE_NAMESPACE",
    flag: "lease-namespace",
    default: "default",
    schema: z.string().min(1, "expected a namespace"),
    help: "namespace of the Lease, in the cluster of the local kubeconfig or the one this runs in",
  }),
  leaseName: setting({
    env: "LEASE_NAME",
    flag: "lease-name",
    default: "eks-pod-identity-sync",
    schema: z.string().min(1, "expected a name"),
    help: "name of the Lease",
  }),
  driftPeriodMs: setting({
    env: "DRIFT_PERIOD",
    flag: "drift-period",
    default: "1h",
    schema: duration,
    help: "time within which every association's role is compared with AWS; 0: never",
  }),
} as const;

type Name = keyof typeof settings;

/** The settings as values: milliseconds, booleans, lists. */
export type RunnerSettings = {
  readonly [K in Name]: (typeof settings)[K] extends { readonly default: string }
    ? z.output<(typeof settings)[K]["schema"]>
    : z.output<(typeof settings)[K]["schema"]> | undefined;
};

/**
 * Reads the settings: a flag goes before its variable, and an empty variable counts as unset.
 *
 * @param flags values of the command line by flag name
 * @throws UserError that names every bad value, a line each.
 */
export function readSettings(
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string | undefined>>,
): RunnerSettings {
  const problems: string[] = [];
  const values = Object.entries(settings).map(([name, of]) => {
    const fromFlag = flags[of.flag];
    const text = fromFlag ?? (env[of.env] || undefined) ?? ("default" in of ? of.default : undefined);
    if (text === undefined) return [name, undefined];
    const parsed = of.schema.safeParse(text);
    if (!parsed.success) {
      const where = fromFlag === undefined ? of.env : `--${of.flag}`;
      problems.push(`${where}: ${parsed.error.issues[0]?.message}, found ${JSON.stringify(text)}`);
    }
    return [name, parsed.data];
  });
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return Object.fromEntries(values) as RunnerSettings;
}
