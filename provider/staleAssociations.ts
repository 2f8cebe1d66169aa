import * as pulumi from "@pulumi/pulumi";
import { type ClusterRef, clusterKey } from "../src/model/cluster.ts";
import type { StaleAssociationsInputs } from "./inputs.ts";

/**
 * The engine keeps the text of these functions in the state and runs it in a
 * process of its own, which it starts in the project's folder (Pulumi docs,
 * "Dynamic resource providers"). So they hold no code but the way to it: the
 * state does not change with the code, and an older state runs today's.
 */
async function operations(): Promise<typeof import("./operations.ts")> {
  const { join } = await import("node:path");
  const { pathToFileURL } = await import("node:url");
  return import(pathToFileURL(join(process.cwd(), "provider", "operations.ts")).href);
}

/** No `read`: a refresh leaves it alone. No `delete`: its end touches nothing in AWS. */
const provider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news) => (await operations()).diff(olds, news),
  create: async (inputs) => ({ id: inputs.clusterName, outs: await (await operations()).create(inputs) }),
  update: async (_id, olds, news) => ({ outs: await (await operations()).update(olds, news) }),
};

/**
 * The associations of a cluster that are to go although the state does not
 * hold them: stale ones that others made (purge), and stale ones with our tags
 * that the state does not know. Creating or updating the resource deletes
 * them; deleting the resource deletes nothing.
 */
export class StaleAssociations extends pulumi.dynamic.Resource {
  constructor(cluster: ClusterRef, inputs: StaleAssociationsInputs, opts: pulumi.CustomResourceOptions) {
    super(provider, clusterKey(cluster), { ...inputs }, opts, "eks-pod-identity-sync", "StaleAssociations");
  }
}
