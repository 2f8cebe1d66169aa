import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import envPaths from "env-paths";
import { z } from "zod";
import { UserError } from "../src/model/userError.ts";
import { type Platform, platformOf } from "./platform.ts";

/** What the machine and its user set for the toolchain. */
export interface ToolchainSettings {
  readonly platform: Platform;
  /** The project's folder. */
  readonly checkout: string;
  /** Where downloaded and built tools are kept, shared by all checkouts. */
  readonly cacheFolder: string;
  /** The host that official releases are downloaded from, or that nothing is downloaded. */
  readonly downloads: { readonly base: string } | "off";
  /** PATH, as folders. */
  readonly path: readonly string[];
  /** Pulumi's home as the user has it; never one that the toolchain supplied. */
  readonly ownPulumiHome: string;
  /** Whether the user has said where Pulumi's credentials are kept (PULUMI_CREDENTIALS_PATH). */
  readonly credentialsPathSet: boolean;
  /** Pulumi's home that the toolchain supplies where the user's own lacks a plugin. */
  readonly suppliedPulumiHome: string;
}

/** The part of a checkout's path to the Pulumi home that the toolchain supplies. */
const suppliedHome = join(".toolchain", "pulumi-home");

const environmentSchema = z.object({
  PATH: z.string().default(""),
  PULUMI_HOME: z.string().optional(),
  PULUMI_CREDENTIALS_PATH: z.string().optional(),
  EKS_POD_IDENTITY_SYNC_CACHE: z.string().min(1).optional(),
  EKS_POD_IDENTITY_SYNC_DOWNLOADS: z
    .union([z.literal("off"), z.url({ protocol: /^https?$/ })])
    .default("https://github.com"),
});

/**
 * Reads the settings from an environment: EKS_POD_IDENTITY_SYNC_CACHE (another cache folder),
 * EKS_POD_IDENTITY_SYNC_DOWNLOADS (a mirror laid out like github.com, or `off`), PATH and PULUMI_HOME.
 *
 * @throws UserError where a variable is malformed or the platform is not supported.
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  machine: { readonly os: string; readonly cpu: string; readonly checkout: string },
): ToolchainSettings {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UserError(
      `${issue?.path.join(".")} is not usable: EKS_POD_IDENTITY_SYNC_DOWNLOADS takes an http(s) URL or "off", EKS_POD_IDENTITY_SYNC_CACHE a folder.`,
    );
  }
  const { PATH, PULUMI_HOME, EKS_POD_IDENTITY_SYNC_CACHE, EKS_POD_IDENTITY_SYNC_DOWNLOADS } = parsed.data;
  return {
    platform: platformOf(machine.os, machine.cpu),
    checkout: machine.checkout,
    cacheFolder: resolve(
      EKS_POD_IDENTITY_SYNC_CACHE ?? envPaths("eks-pod-identity-sync", { suffix: "" }).cache,
    ),
    downloads:
      EKS_POD_IDENTITY_SYNC_DOWNLOADS === "off"
        ? "off"
        : { base: EKS_POD_IDENTITY_SYNC_DOWNLOADS.replace(/\/+$/, "") },
    path: PATH.split(":").filter((folder) => folder !== ""),
    ownPulumiHome:
      PULUMI_HOME === undefined || PULUMI_HOME === "" || isSupplied(PULUMI_HOME)
        ? join(homedir(), ".pulumi")
        : resolve(PULUMI_HOME),
    credentialsPathSet: (parsed.data.PULUMI_CREDENTIALS_PATH ?? "") !== "",
    suppliedPulumiHome: join(machine.checkout, suppliedHome),
  };
}

/** Whether a Pulumi home is one that a toolchain, of this checkout or another, supplied: a shell may carry it on. */
function isSupplied(pulumiHome: string): boolean {
  return resolve(pulumiHome).endsWith(sep + suppliedHome);
}
