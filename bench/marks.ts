import { z } from "zod";

const at = z.number();

/** What the measured daemon tells: times are milliseconds since the epoch, sizes bytes. */
export const mark = z.discriminatedUnion("what", [
  z.object({ what: z.literal("started") }),
  z.object({ what: z.literal("failed"), message: z.string() }),
  /** The engine is asked for an update: the round has planned it. */
  z.object({ what: z.literal("update"), at, kind: z.enum(["preview", "up"]), full: z.boolean() }),
  /** The CLI has started, and runs the program. */
  z.object({ what: z.literal("program"), at }),
  z.object({
    what: z.literal("updated"),
    at,
    result: z.string(),
    error: z.string().optional(),
    /** The most that the engine's process has held so far. */
    enginePeak: z.number(),
  }),
  z.object({ what: z.literal("memory"), rss: z.number(), heap: z.number(), engine: z.number() }),
]);

/** See {@link mark}. */
export type Mark = z.output<typeof mark>;

/** What the daemon is asked for. */
export const request = z.enum(["memory", "stop"]);

/** See {@link request}. */
export type Request = z.output<typeof request>;
