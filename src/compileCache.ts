import { join } from "node:path";
import envPaths from "env-paths";

/** The folder where Node.js keeps compiled code between starts: a start takes a third less time, and less memory. */
export const COMPILE_CACHE = join(
  envPaths("eks-pod-identity-sync", { suffix: "" }).cache,
  "node-compile-cache",
);
