import { copyFile, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { projectDirectory } from "./stack.ts";

/** What the engine and its plugins read beside Pulumi.yaml. */
const PARTS = ["index.ts", "provider", "src", "node_modules", "package.json"];

/** Makes a project's folder with the checkout's code: the engine writes the stacks' settings there, and not into the checkout. */
export async function makeProject(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await copyFile(join(projectDirectory, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  for (const part of PARTS) await symlink(join(projectDirectory, part), join(directory, part));
}
