import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planCommand } from "../../src/cli/planCommand.ts";
import { snapshotCommand } from "../../src/cli/snapshotCommand.ts";
import { UserError } from "../../src/model/userError.ts";

const executable = fileURLToPath(new URL("../../bin/pod-identity", import.meta.url));

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pod-identity-cli-"));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text)));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const cluster = "name: blue, region: eu-west-1, account: 111122223333";
const annotated = "{eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/api'}";
const association = "{id: a-1, namespace: shop, serviceAccount: gone, roleArn: r, tags: {managed-by: me}}";

const files = {
  "config.yaml": `clusters: [{region: eu-west-1, pod_identity_association_tags: {managed-by: me}, deletion_limit: {count: 0, share: 0}}]\n`,
  "Pulumi.dev.yaml": `config: {"eks-pod-identity-sync:clusters": [{region: eu-west-1, cluster_name: ^green$}]}\n`,
  "Pulumi.empty.yaml": "config: {}\n",
  "bad.yaml": "clusters: [{regin: eu-west-1}]\n",
  "creates.yaml": `clusters: [{${cluster}, serviceAccounts: [{namespace: shop, name: api, annotations: ${annotated}}], associations: []}]\n`,
  "deletes.yaml": `clusters: [{${cluster}, serviceAccounts: [{namespace: shop, name: api}], associations: [${association}]}]\n`,
  "recorded.yaml": `clusters: [{${cluster}, associations: [${association}]}]\n`,
};

interface RunOptions {
  readonly command?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the command line in the directory of the files, apart from this process' settings. */
async function run(args: readonly string[], { command = executable, input = "", env = {} }: RunOptions = {}) {
  const { exitCode, stdout, stderr } = await execa(command, args, {
    cwd: directory,
    reject: false,
    input,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  return { exitCode, stdout, stderr };
}

// A process each, some of them two: on a busy machine the start of one takes a second or two.
describe("pod-identity", { timeout: 60_000 }, () => {
  test("runs with its own Node.js through links, whatever `node` the PATH has", async () => {
    const folder = join(directory, "old");
    await mkdir(folder);
    await writeFile(join(folder, "node"), "#!/bin/sh\necho too old >&2\nexit 9\n");
    await chmod(join(folder, "node"), 0o755);
    await symlink(executable, join(folder, "absolute"));
    await symlink("absolute", join(folder, "pod-identity"));
    const PATH = [folder, process.env.PATH].join(delimiter);
    const { exitCode, stdout } = await run(["--help"], {
      command: join(folder, "pod-identity"),
      env: { PATH },
    });
    expect(stdout).toMatch(/^Usage: pod-identity/);
    expect(exitCode).toBe(0);
  });

  test("plans with ./config.yaml; without a terminal there are neither colours nor wrapped lines", async () => {
    const { exitCode, stdout, stderr } = await run(["plan", "--snapshot", "creates.yaml"], {
      env: { CI: "true" },
    });
    expect(stdout).toBe(`111122223333/eu-west-1/blue
  action  ServiceAccount  role  reason
  create  shop/api        api   annotated, and has no association

Plan: 1 to create.`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("reads stdin, prints JSON, and says in the exit code that there are changes", async () => {
    const { exitCode, stdout } = await run(["plan", "--snapshot", "-", "-o", "json", "--detailed-exitcode"], {
      input: files["creates.yaml"],
    });
    expect(JSON.parse(stdout)).toMatchObject({ clusters: [{ name: "blue", create: [{ name: "api" }] }] });
    expect(JSON.parse(stdout)).not.toHaveProperty("notSelected");
    expect(exitCode).toBe(2);
  });

  test("takes the configuration of a stack, and names the clusters that it does not select", async () => {
    const { stdout } = await run([
      ...["plan", "--snapshot", "creates.yaml", "--config", "Pulumi.dev.yaml", "-o", "json"],
    ]);
    expect(JSON.parse(stdout)).toEqual({ clusters: [], notSelected: ["blue"] });
  });

  test("blocks deletions above the limit until they are allowed, by option or environment", async () => {
    const args = ["plan", "--snapshot", "deletes.yaml", "--recorded", "recorded.yaml", "--detailed-exitcode"];
    const blocked = await run(args);
    expect(blocked.stdout).toMatch(/blocked: would delete 1 of 1 associations/);
    expect(blocked.stdout).toMatch(/^ {2}keep +shop\/gone/m);
    expect(blocked.exitCode).toBe(3);
    const allowed = await run(args, { env: { POD_IDENTITY_ALLOW_DELETIONS: "1" } });
    expect(allowed.stdout).toMatch(/^ {2}delete +shop\/gone/m);
    expect(allowed.exitCode).toBe(2);
    expect(
      await run([...args, "--allow-deletions", "0"], { env: { POD_IDENTITY_ALLOW_DELETIONS: "1" } }),
    ).toEqual(blocked);
  });

  test("shows an error as a line, and with LOG_LEVEL=debug where it comes from", async () => {
    const args = ["plan", "--snapshot", "nowhere.yaml"];
    const line = /^error: nowhere\.yaml can't be read: ENOENT[^\n]*$/;
    expect(await run(args)).toEqual({ exitCode: 1, stdout: "", stderr: expect.stringMatching(line) });
    const { exitCode, stderr } = await run(args, { env: { LOG_LEVEL: "debug" } });
    expect(stderr).toMatch(/UserError: nowhere\.yaml can't be read[^\n]*\n +at /);
    expect(exitCode).toBe(1);
  });

  test("takes a pipe that is closed early for no error", async () => {
    const end = await execa("sh", ["-c", '"$0" plan --snapshot creates.yaml | true', executable], {
      cwd: directory,
    });
    expect(end).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });
});

describe("what is refused", () => {
  const at = (name: string) => join(directory, name);
  const plan = (...args: string[]) => planned(["--config", at("config.yaml"), ...args]);
  const planned = (args: readonly string[]) =>
    planCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .parseAsync(args, { from: "user" });

  test("a plan without a snapshot", () =>
    expect(plan()).rejects.toThrow("required option '--snapshot <file>' not specified"));

  test("a count that is none", () =>
    expect(plan("--snapshot", "x", "--allow-deletions", "-1")).rejects.toThrow("Write a whole number."));

  test("stdin for two files", () =>
    expect(plan("--snapshot", "-", "--recorded", "-")).rejects.toThrow(
      new UserError("--snapshot and --recorded can't both be stdin; write one of them to a file"),
    ));

  test("a bad snapshot", () =>
    expect(plan("--snapshot", at("bad.yaml"))).rejects.toThrow(
      /bad\.yaml:1:13: clusters\[0\]\.regin: is not/,
    ));

  test("a bad record", () =>
    expect(plan("--snapshot", at("creates.yaml"), "--recorded", at("bad.yaml"))).rejects.toThrow(
      /bad\.yaml:1:12: clusters\[0\]\.associations: is missing/,
    ));

  test("a bad configuration", () =>
    expect(planned(["--snapshot", at("creates.yaml"), "--config", at("bad.yaml")])).rejects.toThrow(
      /bad\.yaml:1:13: clusters\[0\]\.regin: is not a known field; did you mean region\?/,
    ));

  test("a stack without clusters", () =>
    expect(planned(["--snapshot", "x", "--config", at("Pulumi.empty.yaml")])).rejects.toThrow(
      /Pulumi\.empty\.yaml, clusters: is missing/,
    ));
});

test.each([planCommand(), snapshotCommand()])(
  "the help of $_name tells exit codes and examples",
  (command) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toMatch(/^Exit codes:$/m);
    expect(help).toMatch(/^Examples:$/m);
  },
);
