import { onTestFinished } from "vitest";
import type { ServiceAccountList } from "../../src/kubernetes/serviceAccounts.ts";
import type { ServiceAccountEvent, WatchRange } from "../../src/kubernetes/watchServiceAccounts.ts";
import type { ServiceAccount } from "../../src/model/serviceAccount.ts";
import { followServiceAccounts, type Informer } from "../../src/runner/watch/serviceAccountInformer.ts";
import { HandClock, settle } from "./runnerClock.ts";

export const ROLE = "eks.amazonaws.com/role-arn";

/** The annotations that matter in these tests. */
export const annotationKeys = {
  roleArn: ROLE,
  targetRoleArn: "target",
  disableSessionTags: "tags",
  policy: "policy",
};

/** A ServiceAccount of namespace `shop`. */
export function account(name: string, annotations: Record<string, string> = {}): ServiceAccount {
  return { namespace: "shop", name, annotations };
}

/** An open watch, whose other end the test holds. */
class Stream implements AsyncIterable<ServiceAccountEvent> {
  readonly #queue: (ServiceAccountEvent | Error | undefined)[] = [];
  #wake = () => {};

  send(type: "set" | "deleted", serviceAccount: ServiceAccount, resourceVersion: string): Promise<void> {
    return this.#push({ type, serviceAccount, resourceVersion });
  }

  bookmark(resourceVersion: string): Promise<void> {
    return this.#push({ type: "bookmark", resourceVersion });
  }

  /** In good order, as API servers do. */
  end(): Promise<void> {
    return this.#push(undefined);
  }

  break(error: Error): Promise<void> {
    return this.#push(error);
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#queue.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next instanceof Error) throw next;
      yield next;
    }
  }

  #push(item: ServiceAccountEvent | Error | undefined): Promise<void> {
    this.#queue.push(item);
    this.#wake();
    return settle();
  }
}

/** A cluster whose answers the test sets. */
export class FakeCluster {
  list: ServiceAccountList | Error | "hangs" = { items: [], resourceVersion: "1" };
  watch: "opens" | Error | "hangs" = "opens";
  lists = 0;
  readonly watches: (WatchRange & { readonly stream: Stream; readonly signal: AbortSignal })[] = [];

  /** The watch opened last. */
  get open(): Stream {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error("there was no watch");
    return last.stream;
  }

  readonly source = {
    list: async () => {
      this.lists += 1;
      if (this.list === "hangs") return new Promise<never>(() => {});
      if (this.list instanceof Error) throw this.list;
      return this.list;
    },
    watch: async (range: WatchRange, signal: AbortSignal) => {
      if (this.watch === "hangs") return new Promise<never>(() => {});
      if (this.watch instanceof Error) throw this.watch;
      const stream = new Stream();
      signal.addEventListener("abort", () => void stream.break(new Error("aborted")));
      this.watches.push({ ...range, stream, signal });
      return stream;
    },
  };
}

/** An informer of a fake cluster, and all it told. */
export async function follow(cluster: FakeCluster): Promise<{
  readonly informer: Informer;
  readonly clock: HandClock;
  readonly changes: string[];
  readonly states: string[];
  readonly relists: number[];
}> {
  const clock = new HandClock();
  const changes: string[] = [];
  const states: string[] = [];
  const relists: number[] = [];
  const informer = followServiceAccounts(cluster.source, {
    annotations: annotationKeys,
    staleAfterMs: 120_000,
    onChange: ({ namespace, name }) => void changes.push(`${namespace}/${name}`),
    onState: (watch) => void states.push("reason" in watch ? `${watch.state}: ${watch.reason}` : watch.state),
    onRelist: (items) => void relists.push(items.length),
    clock,
    random: () => 1 / 2,
  });
  onTestFinished(() => informer.stop());
  await settle();
  return { informer, clock, changes, states, relists };
}
