import type { ClusterStatus, StackStatus, Status } from "./status.ts";

/** Why something is not as it should be. */
export interface HealthReason {
  readonly stack: string;
  /** `account/region/name`; absent where it is about the stack. */
  readonly cluster?: string;
  readonly message: string;
}

/** A cluster that was not in sync for so many intervals is not healthy. */
const INTERVALS = 3;
/** A loop that told nothing for so long hangs: no call and no pause between two of them takes so long. */
const SILENT_INTERVALS = 5;
const SILENT_AT_LEAST_MS = 10 * 60_000;
/** An update that prints nothing for so long is no longer waited for. */
const SILENT_UPDATE_MS = 60 * 60_000;

/**
 * Why the daemon is not healthy; empty where it is: each cluster was in sync
 * within three intervals, and each watch is open. Who stands by for the leader is healthy.
 */
export function healthOf(status: Status, now: number, intervalMs: number): readonly HealthReason[] {
  if (status.leading === false) return [];
  return status.stacks.flatMap((stack) => [
    ...unread(stack, now, intervalMs),
    ...stack.clusters.flatMap((cluster) =>
      clusterProblems(cluster, now, intervalMs).map((message) => ({
        stack: stack.name,
        cluster: cluster.key,
        message,
      })),
    ),
  ]);
}

/** What keeps the stack's clusters from being known at all. */
function unread(stack: StackStatus, now: number, intervalMs: number): readonly HealthReason[] {
  const lasting = stack.problems.filter(
    ({ since }) => !stack.complete || now - since > INTERVALS * intervalMs,
  );
  if (lasting.length > 0) {
    return lasting.map(({ where, message }) => ({ stack: stack.name, message: `${where}: ${message}` }));
  }
  if (stack.complete || stack.clusters.length > 0) return [];
  return [{ stack: stack.name, message: "no cluster has been read yet" }];
}

function clusterProblems(cluster: ClusterStatus, now: number, intervalMs: number): readonly string[] {
  const { watch, inSyncAt, plannedAt, blocked } = cluster;
  const problems: string[] = [];
  if (inSyncAt === undefined || now - inSyncAt > INTERVALS * intervalMs) {
    const since = inSyncAt === undefined ? "not in sync yet" : `not in sync for ${seconds(now - inSyncAt)}`;
    const why = blocked ?? (plannedAt === undefined ? "not planned yet" : undefined);
    problems.push(why === undefined ? since : `${since}: ${why}`);
  }
  if (watch?.state !== "live") {
    const reason = watch?.reason === undefined ? "" : `: ${watch.reason}`;
    problems.push(`ServiceAccounts are not watched${reason}`);
  }
  return problems;
}

/**
 * Why the daemon does not take part yet; empty where it does: every cluster
 * was in sync once or is blocked, which waits for people, or this process stands by for the leader.
 */
export function readinessOf(status: Status): readonly HealthReason[] {
  if (status.leading === false) return [];
  return status.stacks.flatMap((stack): readonly HealthReason[] => {
    if (!stack.complete && stack.clusters.length === 0) {
      return [{ stack: stack.name, message: "no cluster has been read yet" }];
    }
    return stack.clusters
      .filter(({ inSyncAt, blocked }) => inSyncAt === undefined && blocked === undefined)
      .map(({ key }) => ({ stack: stack.name, cluster: key, message: "the first sync is not done yet" }));
  });
}

/**
 * Why the daemon should be restarted; empty where it is alive: every stack's loop has told something lately.
 * @param beats when each stack's loop last did
 */
export function livenessOf(
  status: Status,
  beats: ReadonlyMap<string, number>,
  now: number,
  intervalMs: number,
): readonly HealthReason[] {
  if (status.leading === false) return [];
  const silentMs = Math.max(SILENT_INTERVALS * intervalMs, SILENT_AT_LEAST_MS);
  return status.stacks.flatMap(({ name, running }) => {
    const silent = now - (beats.get(name) ?? status.startedAt);
    if (silent <= (running === undefined ? silentMs : Math.max(silentMs, SILENT_UPDATE_MS))) return [];
    const what = running === undefined ? "the loop has" : `update ${running.id} has`;
    return [{ stack: name, message: `${what} told nothing for ${seconds(silent)}` }];
  });
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
