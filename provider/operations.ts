import { inputsSchema, outputsSchema, type StaleAssociationsInputs } from "./inputs.ts";
import { purge } from "./purge.ts";

// What the resource's provider does, by operation. The engine passes inputs and outputs as it keeps them in the state.

/** An update is due where the plan names an association that no update before has seen off. */
export function diff(olds: unknown, news: unknown): { readonly changes: boolean } {
  return { changes: pending(olds, inputsSchema.parse(news)).length > 0 };
}

/** Deletes what is stale; the outputs say what is gone. */
export async function create(inputs: unknown): Promise<{ deleted: string[] }> {
  return deleteStale({ deleted: [] }, inputsSchema.parse(inputs));
}

/** Deletes what is newly stale; the outputs say what is gone, as long as the plan still names it. */
export async function update(olds: unknown, news: unknown): Promise<{ deleted: string[] }> {
  return deleteStale(olds, inputsSchema.parse(news));
}

async function deleteStale(olds: unknown, inputs: StaleAssociationsInputs): Promise<{ deleted: string[] }> {
  const stale = pending(olds, inputs);
  const seenOff = inputs.stale.filter((item) => !stale.includes(item)).map((item) => item.associationId);
  if (stale.length === 0) return { deleted: seenOff };
  // The clients take a moment to load, which a diff need not wait for.
  const { clusterEdges } = await import("./edges.ts");
  const { deleted, spared } = await purge({ ...inputs, stale }, clusterEdges(inputs));
  // What a provider prints, the engine shows.
  for (const line of spared) process.stdout.write(`cluster ${inputs.clusterName}: ${line}\n`);
  return { deleted: [...seenOff, ...deleted].sort() };
}

function pending(olds: unknown, { stale }: StaleAssociationsInputs): StaleAssociationsInputs["stale"] {
  const gone = new Set(outputsSchema.parse(olds).deleted);
  return stale.filter(({ associationId }) => !gone.has(associationId));
}
