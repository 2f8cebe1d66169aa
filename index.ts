import * as pulumi from "@pulumi/pulumi";
import { allowedDeletions } from "./src/config/environment.ts";
import { loadConfig } from "./src/config/load.ts";
import { configSource } from "./src/config/source.ts";
import { exportState, parseExport } from "./src/program/exportState.ts";
import { runProgram, showingUserErrors } from "./src/program/program.ts";
import { readState } from "./src/program/state.ts";

// The Pulumi program, for `pulumi preview` and `pulumi up`: reads what is there, plans, declares.
const outputs = await showingUserErrors(async () => {
  const stack = pulumi.getStack();
  const clusters = new pulumi.Config().getObject<unknown>("clusters");
  const config = loadConfig(configSource(process.env, { name: `Pulumi.${stack}.yaml`, clusters }));
  const exported = await exportState(`${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`);
  return runProgram(config, readState(parseExport(exported)), allowedDeletions(process.env));
});

/** How many associations the stack holds in each cluster. */
export const associations = outputs.associations;
