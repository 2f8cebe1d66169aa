import { createRequire } from "node:module";
import grpc from "@grpc/grpc-js";
import services, { type IAnalyzerServer } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages, {
  type AnalyzeRequest,
  type AnalyzerStackConfigureRequest,
} from "@pulumi/pulumi/proto/analyzer_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import { z } from "zod";
import { empty, fromStruct, method } from "../aws-plugin/protocol.ts";
import type { Config } from "../src/config/config.ts";
import { ConfigError, loadConfig } from "../src/config/load.ts";
import { configSource } from "../src/config/source.ts";
import { UserError } from "../src/model/userError.ts";
import { type DeclaredResource, type Level, policies, type Violation, violationsOf } from "./policies.ts";

const pb = messages;
const name = "eks-pod-identity-sync";
const manifest = createRequire(import.meta.url)("./package.json");
const { version } = z.object({ version: z.string() }).parse(manifest);

// No policy looks at the stack as a whole: what the engine sends of it, every resource, is not even read.
const service: grpc.ServiceDefinition = {
  ...services.AnalyzerService,
  analyzeStack: {
    ...services.AnalyzerService.analyzeStack,
    requestDeserialize: () => new pb.AnalyzeStackRequest(),
  },
};

type EnforcementLevel = (typeof pb.EnforcementLevel)[keyof typeof pb.EnforcementLevel];

/** The variable that tells `policy/pack` the port of a pack that is served already. */
export const POLICY_PORT = "POD_IDENTITY_POLICY_PORT";
/** The variable that tells `policy/pack` where to look for the configuration's file, if not in the program's folder. */
export const POLICY_FOLDER = "POD_IDENTITY_FOLDER";

/** Where the pack finds its configuration, if not in the stack's. */
export interface PolicyEnvironment {
  readonly CONFIG_FILE?: string | undefined;
}

/**
 * Serves the Analyzer protocol on a free loopback port, which it returns.
 *
 * The protocol itself and not `@pulumi/policy`, since that one drops the
 * stack's configuration that the engine sends, where the rules stand (seen
 * with 1.21: its ConfigureStack keeps only the stack's tags, and the engine
 * sets PULUMI_CONFIG only for packs in languages that it does not know), and
 * since it loads all of `@pulumi/pulumi`, a second in every update.
 */
export async function startServer(environment: PolicyEnvironment): Promise<number> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(service, analyzer(environment));
  const bind = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error === null ? bind.resolve(port) : bind.reject(error),
  );
  return bind.promise;
}

/** The service for the updates of one stack, one after the other. A method that is missing here is answered as unimplemented, and the engine does without it. */
function analyzer(environment: PolicyEnvironment): grpc.UntypedServiceImplementation {
  let config: Config | undefined;
  const enforced = new Map<string, EnforcementLevel>();
  return {
    getPluginInfo: method(() => new pluginMessages.PluginInfo().setVersion(version)),
    getAnalyzerInfo: method(packInfo),
    // An error here ends the update before anything is declared.
    configureStack: method((request) => {
      config = stackConfig(request, environment);
      return new pb.AnalyzerStackConfigureResponse();
    }),
    // --policy-pack-config: other enforcement levels.
    configure: method((request) => {
      for (const [policy, settings] of request.getPolicyconfigMap().entries()) {
        enforced.set(policy, settings.getEnforcementlevel());
      }
      return empty();
    }),
    analyze: method((request) => {
      if (config === undefined)
        throw new UserError("the engine sent no stack configuration; use a newer Pulumi CLI");
      const diagnostics = violationsOf(declaredResource(request), config)
        .map((violation) => diagnostic(violation, enforced.get(violation.policy.name)))
        .filter((told) => told.getEnforcementlevel() !== pb.EnforcementLevel.DISABLED);
      return new pb.AnalyzeResponse().setDiagnosticsList(diagnostics);
    }),
    analyzeStack: method(() => new pb.AnalyzeResponse()),
    remediate: method(() => new pb.RemediateResponse()),
    cancel: method(empty),
  } satisfies Partial<IAnalyzerServer>;
}

/** The same configuration as the program's: CONFIG_FILE, or `clusters` of the stack that is updated. Throws UserError, of one line. */
function stackConfig(request: AnalyzerStackConfigureRequest, environment: PolicyEnvironment): Config {
  const clusters = fromJson(request.getConfigMap().get("eks-pod-identity-sync:clusters"));
  try {
    return loadConfig(configSource(environment, { name: `Pulumi.${request.getStack()}.yaml`, clusters }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = error instanceof ConfigError ? error.problems.join("; ") : error.message;
    throw new UserError(`policy pack ${name}: ${message}`, { cause: error });
  }
}

/** A value of the stack's configuration: lists and objects come as JSON, text as it is. */
function fromJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function packInfo() {
  const infos = policies.map((policy) =>
    new pb.PolicyInfo()
      .setName(policy.name)
      .setDescription(policy.description)
      .setPolicyType(pb.PolicyType.POLICY_TYPE_RESOURCE)
      .setEnforcementlevel(levelOf(policy.level)),
  );
  return new pb.AnalyzerInfo()
    .setName(name)
    .setVersion(version)
    .setSupportsconfig(true)
    .setPoliciesList(infos);
}

function declaredResource(request: AnalyzeRequest): DeclaredResource {
  return {
    type: request.getType(),
    inputs: fromStruct(request.getProperties()),
    provider: fromStruct(request.getProvider()?.getProperties()),
  };
}

function diagnostic({ policy, message, level }: Violation, enforced: EnforcementLevel | undefined) {
  // Advice of a mandatory policy, on what is not known yet, stays advice unless the policy is disabled.
  const milder = level !== policy.level && enforced !== pb.EnforcementLevel.DISABLED;
  const enforcement = milder ? levelOf(level) : (enforced ?? levelOf(level));
  return new pb.AnalyzeDiagnostic()
    .setPolicyname(policy.name)
    .setPolicypackname(name)
    .setPolicypackversion(version)
    .setDescription(policy.description)
    .setMessage(message)
    .setEnforcementlevel(enforcement);
}

function levelOf(level: Level): EnforcementLevel {
  return level === "mandatory" ? pb.EnforcementLevel.MANDATORY : pb.EnforcementLevel.ADVISORY;
}
