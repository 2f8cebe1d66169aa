/**
 * A program that owns a process and a directory of the sandbox, says so as JSON, and ends as its argument says:
 * `throw`, or not by itself.
 */
import { join } from "node:path";
import { createOwnedDirectory } from "../../sandbox/controlPlane/ownedDirectory.ts";
import { startProcess } from "../../sandbox/controlPlane/ownedProcess.ts";

const directory = await createOwnedDirectory("pod-identity-owner-");
await startProcess({
  title: "sleeper",
  file: process.execPath,
  // The directory among the arguments makes the process one that can be found.
  args: ["-e", "setInterval(() => undefined, 60_000)", directory.path],
  logFile: join(directory.path, "sleeper.log"),
});
process.stdout.write(`${JSON.stringify({ directory: directory.path })}\n`);
if (process.argv[2] === "throw") {
  process.stdin.once("data", () => {
    throw new Error("thrown on demand");
  });
}
