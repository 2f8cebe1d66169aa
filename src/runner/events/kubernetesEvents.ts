import type { KubeConfig } from "@kubernetes/client-node";
import type { ServiceAccountNote } from "../../kubernetes/serviceAccountEvents.ts";
import { type ClusterRef, clusterKey } from "../../model/cluster.ts";
import { keyOf, type ServiceAccountRef } from "../../model/serviceAccount.ts";
import { type Clock, deadline, systemClock } from "../clock.ts";
import type { RunnerObserver } from "../types.ts";
import { changeNote, complaintNote } from "./associationNotes.ts";
import { type ClusterNotes, clusterNotes, type WriteNote } from "./clusterNotes.ts";
import { RecentNotes } from "./recentNotes.ts";

/** How Kubernetes Events are written. */
export interface KubernetesEventsOptions {
  /** For the cluster's API server; asked anew every some minutes, and after each failure. */
  readonly kubeConfig: (cluster: ClusterRef) => Promise<KubeConfig>;
  /** True while this process may write: it leads, and DRY is off. */
  readonly mayWrite: () => boolean;
  /** Is told once for a cluster that allows no Events; none are written there afterwards. */
  readonly warn: (cluster: ClusterRef, message: string) => void;
  readonly clock?: Clock;
  /** In the tests: instead of the API server. */
  readonly write?: WriteNote;
}

/** An observer that writes Events; best effort: what can't be written is dropped. */
export interface KubernetesEvents
  extends Required<Pick<RunnerObserver, "planned" | "associationChanged" | "clusterGone">> {
  /** Writes what waits, for a few seconds at most, and nothing afterwards. */
  stop(): Promise<void>;
}

/** Of each cluster: more ServiceAccounts than an EKS cluster takes associations. */
const REMEMBERED = 10_000;
const STOP_MS = 5_000;

/** What is known of one cluster. */
interface Cluster {
  readonly notes: ClusterNotes;
  readonly complaints: RecentNotes;
  readonly changes: RecentNotes;
}

/** Tells on each ServiceAccount, as an Event, what became of its association, and why it has none. */
export function kubernetesEvents(options: KubernetesEventsOptions): KubernetesEvents {
  const { mayWrite, clock = systemClock } = options;
  const clusters = new Map<string, Cluster>();
  const never = new AbortController().signal;
  let stopped = false;

  function clusterOf(ref: ClusterRef): Cluster {
    const key = clusterKey(ref);
    const known = clusters.get(key);
    if (known !== undefined) return known;
    const notes = clusterNotes({
      kubeConfig: () => options.kubeConfig(ref),
      forbidden: (message) => options.warn(ref, message),
      clock,
      ...(options.write === undefined ? {} : { write: options.write }),
    });
    const made = { notes, complaints: new RecentNotes(REMEMBERED), changes: new RecentNotes(REMEMBERED) };
    clusters.set(key, made);
    return made;
  }

  function say(
    cluster: Cluster,
    recent: RecentNotes,
    { namespace, name }: ServiceAccountRef,
    note: ServiceAccountNote,
    at: number,
  ): void {
    const ref = { namespace, name };
    const key = keyOf(ref);
    if (!recent.isNew(key, `${note.reason} ${note.message}`)) return;
    cluster.notes.add({ ref, note, at, lost: () => recent.forget(key) });
  }

  return {
    planned(_stack, { cluster: ref, decisions, blocked }, at) {
      // A plan that is held says nothing of the ServiceAccounts: what was wrong before still may be.
      if (stopped || !mayWrite() || blocked !== undefined) return;
      const cluster = clusterOf(ref);
      const complaints = decisions.flatMap((decision) => {
        const note = complaintNote(decision);
        return note === undefined ? [] : [{ decision, note }];
      });
      // What is mended, and wrong again later, is told again.
      cluster.complaints.keepOnly(new Set(complaints.map(({ decision }) => keyOf(decision))));
      for (const { decision, note } of complaints) say(cluster, cluster.complaints, decision, note, at);
    },
    associationChanged(_stack, change) {
      if (stopped || !mayWrite()) return;
      const cluster = clusterOf(change.cluster);
      say(cluster, cluster.changes, change, changeNote(change), clock.now());
    },
    clusterGone(_stack, ref) {
      const key = clusterKey(ref);
      void clusters.get(key)?.notes.stop(AbortSignal.abort());
      clusters.delete(key);
    },
    async stop() {
      stopped = true;
      const limit = deadline(clock, never);
      limit.set(STOP_MS, "Events are left unwritten");
      await Promise.all(Array.from(clusters.values(), ({ notes }) => notes.stop(limit.signal)));
      limit.clear();
    },
  };
}
