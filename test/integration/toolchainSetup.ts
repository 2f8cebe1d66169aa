import { engineTools, ensureToolchain, sandboxTools } from "../../toolchain/index.ts";

/**
 * Makes sure, once and before all integration tests, that the tools are there;
 * a first build shows its progress. The tests' processes inherit the PATH: the
 * Automation API looks for the CLI before it knows a workspace's environment.
 */
export default async function setup(): Promise<void> {
  const { environment } = await ensureToolchain([...engineTools, ...sandboxTools]);
  Object.assign(process.env, environment);
}
