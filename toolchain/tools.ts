import { goArchitecture, type Platform } from "./platform.ts";
import { versions } from "./versions.ts";

/** What the toolchain can supply. */
export type ToolName =
  | "pulumi"
  | "pulumi-language-nodejs"
  | "kubernetes-plugin"
  | "aws-plugin"
  | "kube-apiserver"
  | "etcd";

/** What a `pulumi` run of this project needs. */
export const engineTools = [
  "pulumi",
  "pulumi-language-nodejs",
  "kubernetes-plugin",
  "aws-plugin",
] as const satisfies readonly ToolName[];

/** What each cluster of the sandbox needs besides. */
export const sandboxTools = ["kube-apiserver", "etcd"] as const satisfies readonly ToolName[];

/** An archive among the assets of a GitHub release. */
export interface Release {
  /** The archive's folder in the cache; two groups may come from one archive. */
  readonly name: string;
  readonly version: string;
  /** `owner/repository` on GitHub. */
  readonly project: string;
  readonly tag: string;
  readonly archive: (platform: Platform) => string;
  /** The asset with lines `HASH  FILE`. */
  readonly checksums: (platform: Platform) => string;
  /** How many leading folders of the archive's paths are dropped. */
  readonly strip: number;
}

/** A program that `go build` makes from a folder of toolchain/modules. */
export interface GoProgram {
  /** The folder in toolchain/modules, and the name of the program. */
  readonly name: string;
  readonly package: string;
  /** `-X` settings of the linker: the version that the program reports. */
  readonly settings: readonly string[];
  /** A file of a dependency that the program embeds: copied beside its main.go before the build. */
  readonly embeds?: { readonly module: string; readonly path: string };
}

/** Tools that are found, downloaded or built together. */
export interface ToolGroup {
  readonly name: string;
  /** What people call it, with the version. */
  readonly title: string;
  readonly tools: readonly [GroupedTool, ...GroupedTool[]];
  /** Where the user's own installation is looked for. */
  readonly installedAs: "program on the PATH" | "pulumi plugin";
  readonly release: Release;
  readonly build?: GroupBuild;
}

/** How a group is built. */
export interface GroupBuild {
  readonly version: string;
  readonly programs: readonly GoProgram[];
  /** Scripts of npm packages, by their paths in node_modules, that the official archive holds beside the programs. */
  readonly scripts?: readonly string[];
}

/** A tool of a group. */
export interface GroupedTool {
  readonly name: ToolName;
  readonly file: string;
  readonly releasedVersion: string;
  readonly builtVersion: string;
  /** How an installed one is asked for its version; a tool without it comes with its neighbour. */
  readonly probe?: { readonly args: readonly string[]; readonly oldest: string };
}

const pulumiVersionSetting = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

const pulumi: ToolGroup = {
  name: "pulumi",
  title: `Pulumi CLI ${versions.pulumi}`,
  tools: [
    {
      name: "pulumi",
      file: "pulumi",
      releasedVersion: versions.pulumi,
      builtVersion: versions.pulumi,
      probe: { args: ["version"], oldest: versions.oldestPulumi },
    },
    {
      name: "pulumi-language-nodejs",
      file: "pulumi-language-nodejs",
      releasedVersion: versions.pulumi,
      builtVersion: versions.builtLanguageHost,
    },
  ],
  installedAs: "program on the PATH",
  release: {
    name: "pulumi",
    version: versions.pulumi,
    project: "pulumi/pulumi",
    tag: `v${versions.pulumi}`,
    archive: ({ os, cpu }) => `pulumi-v${versions.pulumi}-${os}-${cpu}.tar.gz`,
    checksums: () => `pulumi-${versions.pulumi}-checksums.txt`,
    strip: 1,
  },
  build: {
    version: versions.pulumi,
    programs: [
      {
        name: "pulumi",
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        // Without a version the Automation API refuses the CLI.
        settings: [`${pulumiVersionSetting}=v${versions.pulumi}`],
      },
      {
        name: "pulumi-language-nodejs",
        package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        settings: [`${pulumiVersionSetting}=v${versions.builtLanguageHost}`],
      },
    ],
    // Starts dynamic providers; the engine looks for it beside itself.
    scripts: ["@pulumi/pulumi/pulumi-resource-pulumi-nodejs"],
  },
};

const kubernetesPlugin: ToolGroup = {
  ...pluginGroup("kubernetes", versions.kubernetesPlugin),
  build: {
    version: versions.kubernetesPlugin,
    programs: [
      {
        name: "pulumi-resource-kubernetes",
        package: ".",
        settings: [`main.version=${versions.kubernetesPlugin}`],
        embeds: {
          module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
          path: "cmd/pulumi-resource-kubernetes/schema.json",
        },
      },
    ],
  },
};

/** Not buildable: its go.mod replaces the Terraform provider by a patched submodule, which no module proxy serves. */
const awsPlugin: ToolGroup = pluginGroup("aws", versions.awsPlugin);

const kubeApiserver: ToolGroup = {
  ...envtestGroup("kube-apiserver", versions.builtKubeApiserver, versions.oldestKubeApiserver),
  build: {
    version: versions.builtKubeApiserver,
    programs: [
      {
        name: "kube-apiserver",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        settings: [
          `k8s.io/component-base/version.gitVersion=v${versions.builtKubeApiserver}`,
          `k8s.io/component-base/version.gitMajor=${versions.builtKubeApiserver.split(".")[0]}`,
          `k8s.io/component-base/version.gitMinor=${versions.builtKubeApiserver.split(".")[1]}`,
        ],
      },
    ],
  },
};

const etcd: ToolGroup = {
  ...envtestGroup("etcd", versions.builtEtcd, versions.oldestEtcd),
  build: {
    version: versions.builtEtcd,
    programs: [{ name: "etcd", package: "go.etcd.io/etcd/server/v3", settings: [] }],
  },
};

/** All groups, the one that takes longest to build first, so that two builds at a time end soonest. */
export const toolGroups: readonly ToolGroup[] = [kubernetesPlugin, pulumi, kubeApiserver, etcd, awsPlugin];

function pluginGroup(plugin: "kubernetes" | "aws", version: string): ToolGroup {
  return {
    name: `${plugin}-plugin`,
    title: `${plugin} plugin ${version}`,
    tools: [
      {
        name: `${plugin}-plugin`,
        file: `pulumi-resource-${plugin}`,
        releasedVersion: version,
        builtVersion: version,
      },
    ],
    installedAs: "pulumi plugin",
    release: {
      name: `${plugin}-plugin`,
      version,
      project: `pulumi/pulumi-${plugin}`,
      tag: `v${version}`,
      archive: (platform) =>
        `pulumi-resource-${plugin}-v${version}-${platform.os}-${goArchitecture(platform)}.tar.gz`,
      checksums: () => `pulumi-${plugin}_${version}_checksums.txt`,
      strip: 0,
    },
  };
}

/** kube-apiserver and etcd come in one archive, made for controller tests, for all four platforms. */
function envtestGroup(name: "kube-apiserver" | "etcd", builtVersion: string, oldest: string): ToolGroup {
  const archive = (platform: Platform) =>
    `envtest-v${versions.envtest}-${platform.os}-${goArchitecture(platform)}.tar.gz`;
  return {
    name,
    title: `${name} ${builtVersion}`,
    tools: [
      {
        name,
        file: name,
        releasedVersion: name === "kube-apiserver" ? versions.envtest : `of envtest ${versions.envtest}`,
        builtVersion,
        probe: { args: ["--version"], oldest },
      },
    ],
    installedAs: "program on the PATH",
    release: {
      name: "envtest",
      version: versions.envtest,
      project: "kubernetes-sigs/controller-tools",
      tag: `envtest-v${versions.envtest}`,
      archive,
      checksums: (platform) => `${archive(platform)}.sha512`,
      strip: 2,
    },
  };
}
