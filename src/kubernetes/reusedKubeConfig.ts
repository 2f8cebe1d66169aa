import type { KubeConfig } from "@kubernetes/client-node";

/** EKS takes a token for 15 minutes; a credential plugin (a process) is not started for each request. */
const REUSED_MS = 10 * 60_000;

/** A configuration that is loaded when it is first asked for, and again after some minutes. */
export interface ReusedKubeConfig {
  get(): Promise<KubeConfig>;
  /** The next one is loaded anew: what failed may have failed because of it. */
  drop(): void;
}

/** @param now milliseconds of a steady clock */
export function reusedKubeConfig(load: () => Promise<KubeConfig>, now: () => number): ReusedKubeConfig {
  let held: { readonly config: Promise<KubeConfig>; readonly until: number } | undefined;
  return {
    async get() {
      if (held === undefined || now() >= held.until) held = { config: load(), until: now() + REUSED_MS };
      const { config } = held;
      try {
        return await config;
      } catch (error) {
        if (held?.config === config) held = undefined;
        throw error;
      }
    },
    drop() {
      held = undefined;
    },
  };
}
