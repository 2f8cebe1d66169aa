import { UserError } from "../src/model/userError.ts";
import { callerIdentity, eksClients } from "./awsClients.ts";
import { type Configuration, readConfiguration, tagSettings } from "./configuration.ts";
import { notServed } from "./package.ts";
import { eksAssociationApi } from "./podIdentityAssociation/associationApi.ts";
import { type CheckFailure, check } from "./podIdentityAssociation/check.ts";
import { token } from "./podIdentityAssociation/properties.ts";
import * as resource from "./podIdentityAssociation/resource.ts";
import { roleRetry } from "./podIdentityAssociation/roleRetry.ts";
import type { Properties } from "./propertyValue.ts";

/** The configured provider: from Configure to the end of the process. */
export interface Provider {
  check(news: Properties): { inputs: Properties; failures: readonly CheckFailure[] };
  create(inputs: Properties): Promise<resource.RecordedResource>;
  read(id: string, outputs: Properties, inputs: Properties): Promise<resource.RecordedResource | undefined>;
  update(id: string, outputs: Properties, inputs: Properties): Promise<resource.RecordedResource>;
  delete(id: string, outputs: Properties): Promise<void>;
  invoke(tok: string): Promise<Properties>;
}

/** The provider of a configuration. `stop` ends its waits. Throws a UserError on a configuration that is not one. */
export function configure(given: Properties, stop: AbortSignal): Provider {
  const { configuration, failures } = readConfiguration(given);
  const [failure] = failures;
  if (failure !== undefined) throw new UserError(`aws provider: ${failure.property}: ${failure.reason}`);
  const openClient = eksClients(configuration);
  const retry = roleRetry(stop);
  const open: resource.OpenApi = async (region) => eksAssociationApi(await openClient(region), retry);
  const tags = tagSettings(configuration);
  return {
    check: (news) => check(news, { region: configuration.region, tags }),
    create: (inputs) => resource.create(open, inputs),
    read: (id, outputs, inputs) => resource.read(open, id, outputs, inputs, tags),
    update: (id, outputs, inputs) => resource.update(open, id, outputs, inputs),
    delete: (id, outputs) => resource.remove(open, id, outputs),
    invoke: (tok) => invoke(configuration, tok),
  };
}

/**
 * Throws a UserError unless the resource type in a URN
 * (`urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`) is the one that is served.
 */
export function assertServed(urn: string): void {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  if (type !== token) throw new UserError(notServed(`resource type ${type}`));
}

async function invoke(configuration: Configuration, tok: string): Promise<Properties> {
  if (tok !== "aws:index/getCallerIdentity:getCallerIdentity")
    throw new UserError(notServed(`function ${tok}`));
  const identity = await callerIdentity(configuration);
  return { ...identity, id: identity.accountId };
}
