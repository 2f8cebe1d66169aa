/**
 * Every version that the toolchain pins, in one place. The three Pulumi versions equal those of the npm packages in
 * package.json (a plugin must have exactly the version of its SDK); the built ones equal the go.mod files in toolchain/modules.
 */
export const versions = {
  /** Pulumi CLI; its official archive holds the Node.js language host of the same version. */
  pulumi: "3.259.0",
  /** The oldest CLI on the PATH that is used: the Automation API of `@pulumi/pulumi` is written against this one. */
  oldestPulumi: "3.259.0",
  /** The last release of the SDK module that holds the Node.js language host; used where the host has to be built. */
  builtLanguageHost: "3.68.0",
  kubernetesPlugin: "4.25.0",
  awsPlugin: "7.48.0",
  /** Kubernetes release of the envtest archive, which holds kube-apiserver and etcd. */
  envtest: "1.36.2",
  builtKubeApiserver: "1.36.3",
  oldestKubeApiserver: "1.34.0",
  builtEtcd: "3.6.12",
  oldestEtcd: "3.5.0",
  /** The oldest Go that compiles the modules. */
  oldestGo: "1.26.0",
} as const;
