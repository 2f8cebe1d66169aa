import { z } from "zod";

const limit = z.strictObject({ perSecond: z.number().positive(), burst: z.number().int().positive() });

/** How the simulator behaves beyond its answers: in process through `configure`, over HTTP as `PATCH /_sandbox/behaviour`. */
export const behaviourSchema = z.strictObject({
  /** Milliseconds before a call is answered, by action; `*` is for each action without an entry of its own. */
  delaysMs: z.record(z.string(), z.number().nonnegative()),
  /** Token buckets for each account, region and action, by action; `*` as above. None: no throttling. */
  limits: z.record(z.string(), limit),
  /** Who may not call what. `principal`: ARN of a user or role, or `*`; `action`: an action's name, or `*`. */
  denials: z.array(z.strictObject({ principal: z.string(), action: z.string() })),
  /** Milliseconds until a change of an association shows in lists and in GetResources; null: when told to (`settle`). */
  listLagMs: z.number().nonnegative().nullable(),
  /** How many associations a cluster may have. */
  associationsPerCluster: z.number().int().nonnegative(),
});

/** See {@link behaviourSchema}. */
export type Behaviour = z.infer<typeof behaviourSchema>;
/** A token bucket: `burst` calls at once, refilled at `perSecond`. */
export type Limit = z.infer<typeof limit>;

/** Prompt, consistent, not throttled; the quota is EKS's default ("Pod Identity associations per cluster"). */
export function defaultBehaviour(): Behaviour {
  return { delaysMs: {}, limits: {}, denials: [], listLagMs: 0, associationsPerCluster: 5000 };
}

/** The entry for `action`, else the one for all actions. */
export function forAction<T>(entries: Readonly<Record<string, T>>, action: string): T | undefined {
  return entries[action] ?? entries["*"];
}
