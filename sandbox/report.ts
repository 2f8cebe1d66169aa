import { quoteForShell } from "../toolchain/shell.ts";
import type { Sandbox } from "./index.ts";

/** What is shown of a sandbox. */
type Shown = Pick<Sandbox, "clusters" | "directory" | "environment">;

/** Lines that make a shell use the sandbox. */
export function exportLines({ environment }: Pick<Sandbox, "environment">): string {
  const lines = [
    // They would go before, or with, the sandbox's keys.
    "unset AWS_PROFILE AWS_SESSION_TOKEN",
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quoteForShell(value)}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The sandbox as JSON, for programs; `kubeconfig` is a cluster's own file, for its administrator. */
export function sandboxJson({ clusters, directory, environment }: Shown): string {
  const shown = clusters.map(({ ref, context, server, adminKubeconfigPath }) => ({
    ...ref,
    context,
    server,
    kubeconfig: adminKubeconfigPath,
  }));
  return `${JSON.stringify({ directory, environment, clusters: shown }, undefined, 2)}\n`;
}
