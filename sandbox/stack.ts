import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { z } from "zod";

/** The checkout: where Pulumi.yaml is. */
export const projectDirectory = fileURLToPath(new URL("..", import.meta.url));

/** How a command of the CLI ended. */
export interface CommandEnd {
  /** Undefined where the command was ended from outside. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** Both streams, in the order in which they came. */
  readonly output: string;
}

/** A stack of this project with its own state and configuration, apart from the user's. */
export interface SandboxStack {
  readonly name: string;
  /** Environment of the stack's commands, for people who go on by hand. */
  readonly environment: Readonly<Record<string, string>>;
  readonly configFile: string;
  /** Replaces the stack's `clusters`. */
  configure(clusters: readonly object[]): Promise<void>;
  /** Runs `pulumi ARGUMENTS` on the stack, whatever its exit code; `show` copies what it prints to the terminal. */
  pulumi(args: readonly string[], show?: "show"): Promise<CommandEnd>;
}

/** Without a terminal the engine prints two lines for each ServiceAccount that it reads, and dots while it waits. */
function* withoutReads(line: unknown): Generator<string> {
  const text = String(line);
  if (!text.includes(" read kubernetes:") && !text.startsWith("@ ")) yield text;
}

// Longer than any update of the sandbox takes on a busy machine; what hangs ends here.
const commandTimeout = 600_000;

/**
 * The CLI ends its plugins only where it is asked to end by SIGINT, once: it
 * has a process group of its own, so that the terminal's Ctrl-C does not
 * count as a second one.
 */
const endedInOrder = {
  detached: true,
  killSignal: "SIGINT",
  forceKillAfterDelay: 30_000,
  timeout: commandTimeout,
} as const;

/**
 * Makes an empty stack with a file backend in `directory`.
 * @param environment of the toolchain and the sandbox, over process.env
 * @param interrupted ends the command that runs, in order
 */
export async function createStack(
  directory: string,
  name: string,
  environment: Readonly<Record<string, string>>,
  interrupted?: AbortSignal,
): Promise<SandboxStack> {
  const backend = join(directory, "state");
  await mkdir(backend, { recursive: true });
  const configFile = join(directory, `Pulumi.${name}.yaml`);
  const ending = { ...endedInOrder, ...(interrupted === undefined ? {} : { cancelSignal: interrupted }) };
  const env: Record<string, string> = {
    ...environment,
    PULUMI_BACKEND_URL: `file://${backend}`,
    // The state holds no secret.
    PULUMI_CONFIG_PASSPHRASE: "",
  };
  // `stack init` writes the stack's settings beside Pulumi.yaml: a copy of it keeps them out of the checkout.
  await copyFile(join(projectDirectory, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  await execa("pulumi", ["stack", "init", name, "--no-select", "--non-interactive"], {
    env,
    cwd: directory,
    stdin: "ignore",
    ...ending,
  });
  return {
    name,
    environment: env,
    configFile,
    async configure(clusters) {
      const settings = z.looseObject({}).parse(parse(await readFile(configFile, "utf8")));
      const config = { "eks-pod-identity-sync:clusters": clusters };
      await writeFile(configFile, stringify({ ...settings, config }));
    },
    async pulumi(args, show) {
      const stack = ["--stack", name, "--cwd", projectDirectory, "--non-interactive"];
      // `stack export` and the like read the state alone.
      const config = args[0] === "stack" ? [] : ["--config-file", configFile];
      const { exitCode, stdout, all } = await execa("pulumi", [...args, ...stack, ...config], {
        env,
        reject: false,
        all: true,
        stdin: "ignore",
        ...ending,
        ...(show === undefined ? {} : { stdout: [withoutReads, "inherit"], stderr: ["pipe", "inherit"] }),
      });
      return { exitCode, stdout: String(stdout), output: String(all) };
    },
  };
}
