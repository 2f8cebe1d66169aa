import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, expect, test } from "vitest";
import { version } from "../../aws-plugin/package.ts";
import { empty } from "../../aws-plugin/protocol.ts";

const main = fileURLToPath(new URL("../../aws-plugin/main.ts", import.meta.url));
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** The plugin as the engine starts it, and a client of it. */
async function startPlugin() {
  const child = spawn(process.execPath, [main, "127.0.0.1:1"], { stdio: ["pipe", "pipe", "inherit"] });
  cleanups.push(() => child.kill("SIGKILL"));
  const [port] = await once(createInterface(child.stdout), "line");
  const address = `127.0.0.1:${port}`;
  const client = new services.ResourceProviderClient(address, grpc.credentials.createInsecure());
  cleanups.push(() => client.close());
  return { child, client };
}

/** The answer to a call, or the status that it failed with. */
function answer<T>(call: (done: (error: grpc.ServiceError | null, value: T) => void) => void) {
  return new Promise<T>((resolve, reject) =>
    call((error, value) => (error ? reject(error) : resolve(value))),
  );
}

test("serves the protocol, and ends when the engine lets go of its stdin", async () => {
  const { child, client } = await startPlugin();
  const info = await answer<{ getVersion(): string }>((done) => client.getPluginInfo(empty(), done));
  expect(info.getVersion()).toBe(version);

  const request = new pb.CheckRequest().setUrn("urn:pulumi:dev::shop::aws:s3/bucket:Bucket::logs");
  const refused = await answer((done) => client.check(request, done)).catch(
    (error: grpc.ServiceError) => error,
  );
  expect(refused).toMatchObject({
    code: grpc.status.UNKNOWN,
    details: expect.stringMatching(
      `^resource type aws:s3/bucket:Bucket is not served .*pulumi plugin install resource aws v${version}`,
    ),
  });

  const parameterize = answer((done) => client.parameterize(new pb.ParameterizeRequest(), done));
  await expect(parameterize).rejects.toMatchObject({ code: grpc.status.UNIMPLEMENTED });

  const exit = once(child, "exit");
  child.stdin.end();
  expect(await exit).toEqual([0, null]);
});

test("a wrong configuration is one line that names the key", async () => {
  const { client } = await startPlugin();
  const request = new pb.ConfigureRequest();
  request.getVariablesMap().set("aws:config:retryMode", "never");
  await expect(answer((done) => client.configure(request, done))).rejects.toMatchObject({
    details: expect.stringMatching(/^aws provider: retryMode: [^\n]*$/),
  });
});

test("after a cancel nothing new is begun", async () => {
  const { client } = await startPlugin();
  await answer((done) => client.configure(new pb.ConfigureRequest(), done));
  await answer((done) => client.cancel(empty(), done));
  const token = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
  const request = new pb.CreateRequest().setUrn(`urn:pulumi:dev::shop::${token}::cart`);
  await expect(answer((done) => client.create(request, done))).rejects.toMatchObject({
    details: "aws provider: the operation was cancelled",
  });
});
