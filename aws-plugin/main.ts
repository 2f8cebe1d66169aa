import { enableCompileCache } from "node:module";

/**
 * Entry of the plugin process. The engine starts it with its own address,
 * reads the port from the first line of stdout, and holds the other end of
 * stdin: when that closes, the engine has gone, and so must this process.
 */
async function main(): Promise<void> {
  // Compiled code is kept between starts, which halves the time to the first line; so the rest is loaded after it.
  enableCompileCache();
  const { startServer } = await import("./server.ts");
  const port = await startServer();
  process.stdin.once("close", () => process.exit(0)).resume();
  process.stdout.write(`${port}\n`);
}

await main();
