import { access } from "node:fs/promises";
import { execa } from "execa";

/** The processes whose command line names `directory`: those of one sandbox, and no other's. */
export async function processesNaming(directory: string): Promise<string[]> {
  const { stdout } = await execa("ps", ["-A", "-ww", "-o", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(directory));
}

/** Ends what a failed test has left of the processes that {@link processesNaming} finds. */
export async function endProcessesNaming(directory: string): Promise<void> {
  for (const line of await processesNaming(directory)) process.kill(Number.parseInt(line, 10), "SIGKILL");
}

/** Whether there is such a file or directory. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
