import { engineTools, ensureToolchain, sandboxTools } from "../../toolchain/index.ts";

/** Makes sure, once and before all integration tests, that the tools are there; a first build shows its progress. */
export default async function setup(): Promise<void> {
  await ensureToolchain([...engineTools, ...sandboxTools]);
}
