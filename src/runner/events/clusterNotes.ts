import type { KubeConfig } from "@kubernetes/client-node";
import { unlessAborted } from "../../kubernetes/request.ts";
import { reusedKubeConfig } from "../../kubernetes/reusedKubeConfig.ts";
import {
  EventsForbiddenError,
  type ServiceAccountNote,
  writeServiceAccountEvent,
} from "../../kubernetes/serviceAccountEvents.ts";
import type { ServiceAccountRef } from "../../model/serviceAccount.ts";
import { type Clock, deadline, pause } from "../clock.ts";

/** A note that is to be written, and what to do where it could not be. */
export interface WaitingNote {
  readonly ref: ServiceAccountRef;
  readonly note: ServiceAccountNote;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly lost: () => void;
}

/** Writes one Event. Throws EventsForbiddenError, or whatever else went wrong. */
export type WriteNote = (config: KubeConfig, waiting: WaitingNote, signal: AbortSignal) => Promise<void>;

/** Writes notes to one cluster, in the background. */
export interface ClusterNotes {
  /** Never throws, and does not wait. */
  add(note: WaitingNote): void;
  /** Writes what waits, but for no longer than the signal lets it, and nothing more. */
  stop(signal: AbortSignal): Promise<void>;
}

/** What the writer of a cluster's notes needs. */
export interface ClusterNotesOptions {
  readonly kubeConfig: () => Promise<KubeConfig>;
  /** Is told once where RBAC does not allow Events; nothing is written then any more. */
  readonly forbidden: (message: string) => void;
  readonly clock: Clock;
  readonly write?: WriteNote;
}

const QUEUE_LENGTH = 1000;
const WRITE_MS = 10_000;
/** As client-go's limit for one source of Events at first; then slow enough that nobody notices. */
const BURST = 25;
const INTERVAL_MS = 100;

const writeEvent: WriteNote = (config, { ref, note, at }, signal) =>
  writeServiceAccountEvent(config, ref, { ...note, at }, signal);

/** A writer of notes to one cluster: one at a time, at a limited rate, and only so many that wait. */
export function clusterNotes(options: ClusterNotesOptions): ClusterNotes {
  const { clock, write = writeEvent } = options;
  const config = reusedKubeConfig(options.kubeConfig, () => clock.steady());
  const ended = new AbortController();
  const queue: WaitingNote[] = [];
  let off = false;
  let working: Promise<void> | undefined;
  /** When the rate's allowance is whole again, of the steady clock. */
  let wholeAt = clock.steady();

  async function work(): Promise<void> {
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const now = clock.steady();
        wholeAt = Math.max(wholeAt, now) + INTERVAL_MS;
        const wait = wholeAt - BURST * INTERVAL_MS - now;
        if (wait > 0) await pause(clock, wait, ended.signal);
        if (ended.signal.aborted) return;
        await writeOne(next);
      }
    } finally {
      working = undefined;
    }
  }

  async function writeOne(waiting: WaitingNote): Promise<void> {
    const limit = deadline(clock, ended.signal);
    try {
      limit.set(WRITE_MS, "no answer");
      const written = async () => write(await config.get(), waiting, limit.signal);
      await unlessAborted(limit.signal, written());
    } catch (error) {
      config.drop();
      waiting.lost();
      if (!(error instanceof EventsForbiddenError)) return;
      off = true;
      queue.length = 0;
      options.forbidden(error.message);
    } finally {
      limit.clear();
    }
  }

  return {
    add(note) {
      if (off || ended.signal.aborted) return;
      if (queue.length >= QUEUE_LENGTH) return note.lost();
      queue.push(note);
      working ??= work();
    },
    async stop(signal) {
      await unlessAborted(signal, working ?? Promise.resolve()).catch(() => undefined);
      ended.abort(new Error("stopped"));
      await working;
    },
  };
}
