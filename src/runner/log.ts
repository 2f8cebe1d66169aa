import pino, { type Logger } from "pino";
import pretty from "pino-pretty";
import { clusterKey } from "../model/cluster.ts";
import { keyOf } from "../model/serviceAccount.ts";
import type { Decision } from "../plan/types.ts";
import type { RunnerSettings } from "./settings.ts";
import type { RunnerObserver } from "./types.ts";

/** The daemon's log: one readable line for each event, or JSON with LOG_JSON. */
export function runnerLog({ logLevel, logJson }: Pick<RunnerSettings, "logLevel" | "logJson">): Logger {
  if (logJson) return pino({ level: logLevel, base: null });
  const colorize = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return pino(
    { level: logLevel, base: null },
    pretty({
      colorize,
      translateTime: "SYS:HH:MM:ss.l",
      ignore: "pid,hostname",
      singleLine: true,
      sync: true,
    }),
  );
}

/** Writes what happens to the log: a decision when it is new, not at every interval. */
export function logObserver(log: Logger): RunnerObserver {
  const said = new Map<string, Map<string, string>>();
  const problems = new Map<string, Set<string>>();
  return {
    planned(stack, plan) {
      const cluster = clusterKey(plan.cluster);
      const key = `${stack} ${cluster}`;
      const before = said.get(key) ?? new Map<string, string>();
      const now = new Map<string, string>();
      if (plan.blocked !== undefined) now.set("", plan.blocked);
      for (const decision of plan.decisions)
        now.set(keyOf(decision), `${decision.action}: ${decision.reason}`);
      said.set(key, now);
      if (plan.blocked !== undefined && before.get("") !== plan.blocked) {
        log.warn({ stack, cluster }, `cluster held: ${plan.blocked}`);
      }
      for (const decision of plan.decisions) {
        const line = now.get(keyOf(decision));
        if (plan.blocked !== undefined || before.get(keyOf(decision)) === line) continue;
        const { namespace, name, roleArn } = decision;
        log[levelOf(decision)]({ stack, cluster, namespace, serviceAccount: name, roleArn }, line);
      }
    },
    problems(stack, told) {
      const before = problems.get(stack) ?? new Set();
      const now = new Set(told.map(({ where, message }) => `${where}: ${message}`));
      problems.set(stack, now);
      for (const line of now) if (!before.has(line)) log.warn({ stack }, line);
      for (const line of before) if (!now.has(line)) log.info({ stack }, `over: ${line}`);
    },
    watchChanged(stack, cluster, watch) {
      const fields = { stack, cluster: clusterKey(cluster) };
      if (watch.state === "live") log.info(fields, "watching ServiceAccounts");
      else if (watch.reason !== undefined) log.warn(fields, `the watch is opened anew: ${watch.reason}`);
    },
    clusterGone: (stack, cluster) =>
      log.info({ stack, cluster: clusterKey(cluster) }, "cluster not selected any more"),
    updateStarted({ stack, id, kind, trigger, targets }) {
      const what =
        targets === undefined ? "all associations" : `${targets} association${targets === 1 ? "" : "s"}`;
      log.info({ stack, update: id, trigger }, `${kind} of ${what}`);
    },
    updatePrinted: ({ stack, id }, line) => log.debug({ stack, update: id }, line.trimEnd()),
    associationChanged(stack, change) {
      const { cluster, namespace, name, operation, roleArn, associationId, error, sinceEventMs } = change;
      const fields = {
        stack,
        cluster: clusterKey(cluster),
        namespace,
        serviceAccount: name,
        roleArn,
        associationId,
      };
      if (operation === "failed") log.error(fields, `failed: ${error}`);
      else log.info(sinceEventMs === undefined ? fields : { ...fields, sinceEventMs }, operation);
    },
    updateEnded({ stack, id, kind, result, startedAt, endedAt, changes, error }) {
      const fields = { stack, update: id, durationMs: endedAt - startedAt, changes };
      if (result === "succeeded") log.info(fields, `${kind} succeeded`);
      else
        log[result === "failed" ? "error" : "warn"](
          fields,
          `${kind} ${result}: ${error ?? "see the lines before"}`,
        );
    },
    leadershipChanged: (leading) =>
      log.info(leading ? "this process leads" : "another process leads; standing by"),
  };
}

function levelOf({ action, warns, drifted }: Decision): "debug" | "info" | "warn" {
  if (action === "conflict" || warns || drifted) return "warn";
  return action === "unchanged" ? "debug" : "info";
}
