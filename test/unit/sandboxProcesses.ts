import { access } from "node:fs/promises";
import { execa } from "execa";

/** The processes whose command line names `directory`: those of one sandbox, and no other's. */
export async function processesNaming(directory: string): Promise<string[]> {
  const { stdout } = await execa("ps", ["-A", "-ww", "-o", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(directory));
}

/** Whether there is such a file or directory. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
