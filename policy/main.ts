import { enableCompileCache } from "node:module";

/**
 * Entry of the policy pack. The engine starts it, reads the port from the
 * first line of stdout, and waits for it before it runs the program: so
 * compiled code is kept between starts. (Without `await` at the top level, as
 * a language host loads this with `require`.)
 */
async function main(): Promise<void> {
  enableCompileCache();
  const { startServer } = await import("./server.ts");
  const port = await startServer(process.env);
  // The engine holds the other end of stdin; a language host, which ends its packs itself, does not.
  if (process.argv[1] === import.meta.filename) process.stdin.once("close", () => process.exit(0)).resume();
  process.stdout.write(`${port}\n`);
}

void main();
