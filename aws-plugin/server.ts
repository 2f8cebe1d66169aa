import grpc from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/plugin_pb.js";
import services, { type IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerMessages, { type DiffRequest } from "@pulumi/pulumi/proto/provider_pb.js";
import { UserError } from "../src/model/userError.ts";
import { readConfiguration } from "./configuration.ts";
import { version } from "./package.ts";
import { assertServed, configure, type Provider } from "./plugin.ts";
import type { CheckFailure } from "./podIdentityAssociation/check.ts";
import { type Change, diff } from "./podIdentityAssociation/diff.ts";
import { previewOutputs, type RecordedResource } from "./podIdentityAssociation/resource.ts";
import type { Properties } from "./propertyValue.ts";
import { empty, fromStruct, method, toStruct } from "./protocol.ts";
import { packageSchema } from "./schema.ts";

const pb = providerMessages;

/** Serves the ResourceProvider protocol on a free loopback port, which it returns. */
export async function startServer(): Promise<number> {
  // A state of any size may come with a request.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(services.ResourceProviderService, resourceProvider());
  const bind = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error === null ? bind.resolve(port) : bind.reject(error),
  );
  return bind.promise;
}

/**
 * The service over one configured provider. Secrets and outputs are not asked
 * for: the engine keeps track of them. A method that is missing here is
 * answered as unimplemented, and the engine does without it.
 */
function resourceProvider(): grpc.UntypedServiceImplementation {
  const stop = new AbortController();
  let configured: Provider | undefined;
  const provider = (): Provider => {
    if (configured === undefined) throw new UserError("aws provider: called before it was configured");
    if (stop.signal.aborted) throw new UserError("aws provider: the operation was cancelled");
    return configured;
  };
  return {
    handshake: method(() => new pb.ProviderHandshakeResponse()),
    attach: method(empty),
    getPluginInfo: method(() => new messages.PluginInfo().setVersion(version)),
    getSchema: method(() => new pb.GetSchemaResponse().setSchema(JSON.stringify(packageSchema()))),
    checkConfig: method((request) => {
      const news = fromStruct(request.getNews());
      return checkResponse(news, readConfiguration(news).failures);
    }),
    // No change of the configuration makes the association anew: the region is a property of the resource itself.
    diffConfig: method((request) => diffResponse(configurationChanges(request))),
    configure: method((request) => {
      configured = configure(configurationOf(request.getVariablesMap().entries()), stop.signal);
      return new pb.ConfigureResponse().setSupportspreview(true);
    }),
    check: resourceMethod((request) => {
      const { inputs, failures } = provider().check(fromStruct(request.getNews()));
      return checkResponse(inputs, failures);
    }),
    diff: resourceMethod((request) => {
      return diffResponse(diff(fromStruct(request.getOlds()), fromStruct(request.getNews())));
    }),
    create: resourceMethod(async (request) => {
      const inputs = fromStruct(request.getProperties());
      if (request.getPreview()) {
        return new pb.CreateResponse().setProperties(toStruct(previewOutputs(inputs, undefined)));
      }
      const made = await provider().create(inputs);
      return new pb.CreateResponse().setId(made.id).setProperties(toStruct(made.outputs));
    }),
    read: resourceMethod(async (request) => {
      const [outputs, inputs] = [fromStruct(request.getProperties()), fromStruct(request.getInputs())];
      return readResponse(await provider().read(request.getId(), outputs, inputs));
    }),
    update: resourceMethod(async (request) => {
      const [olds, news] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const outputs = request.getPreview()
        ? previewOutputs(news, olds)
        : (await provider().update(request.getId(), olds, news)).outputs;
      return new pb.UpdateResponse().setProperties(toStruct(outputs));
    }),
    delete: resourceMethod(async (request) => {
      await provider().delete(request.getId(), fromStruct(request.getProperties()));
      return empty();
    }),
    invoke: method(async (request) =>
      new pb.InvokeResponse().setReturn(toStruct(await provider().invoke(request.getTok()))),
    ),
    // Calls under way are left to end, so that what they made is recorded; only waits are cut short.
    cancel: method(() => {
      stop.abort();
      return empty();
    }),
  } satisfies Partial<IResourceProviderServer>;
}

/** A method that concerns one resource: refused for a type that is not served. */
function resourceMethod<Request extends { getUrn(): string }, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return method((request) => {
    assertServed(request.getUrn());
    return handle(request);
  });
}

/** The engine prefixes each variable with the package: `aws:config:region`. */
function configurationOf(variables: Iterable<[string, string]>): Properties {
  return Object.fromEntries([...variables].map(([key, value]) => [key.replace(/^aws:config:/, ""), value]));
}

function configurationChanges(request: DiffRequest): Change[] {
  const [olds, news] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  return names
    .filter((path) => JSON.stringify(olds[path]) !== JSON.stringify(news[path]))
    .map((path) => ({ path, kind: "update", replaces: false }));
}

function checkResponse(inputs: Properties, failures: readonly CheckFailure[]) {
  const response = new pb.CheckResponse().setInputs(toStruct(inputs));
  const told = failures.map(({ property, reason }) =>
    new pb.CheckFailure().setProperty(property).setReason(reason),
  );
  return response.setFailuresList(told);
}

function diffResponse(changes: readonly Change[]) {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const top = (path: string) => path.replace(/\[.*/s, "");
  const names = (some: readonly Change[]) => [...new Set(some.map(({ path }) => top(path)))];
  const response = new pb.DiffResponse()
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(names(changes))
    .setReplacesList(names(changes.filter(({ replaces }) => replaces)))
    .setHasdetaileddiff(true);
  for (const change of changes) {
    response.getDetaileddiffMap().set(change.path, new pb.PropertyDiff().setKind(kindOf(change)));
  }
  return response;
}

function kindOf({ kind, replaces }: Change) {
  const { Kind } = pb.PropertyDiff;
  if (kind === "add") return replaces ? Kind.ADD_REPLACE : Kind.ADD;
  if (kind === "delete") return replaces ? Kind.DELETE_REPLACE : Kind.DELETE;
  return replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
}

function readResponse(found: RecordedResource | undefined) {
  const response = new pb.ReadResponse();
  // An empty id says that the resource does not exist.
  if (found === undefined) return response;
  return response.setId(found.id).setProperties(toStruct(found.outputs)).setInputs(toStruct(found.inputs));
}
