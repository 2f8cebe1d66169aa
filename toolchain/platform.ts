import { UserError } from "../src/model/userError.ts";

/** An operating system and processor, in Node.js' words; the only ones that every tool is published for. */
export interface Platform {
  readonly os: "linux" | "darwin";
  readonly cpu: "x64" | "arm64";
}

/**
 * The platform of a `process.platform` and `process.arch`.
 *
 * @throws UserError where a tool is not to be had for it.
 */
export function platformOf(os: string, cpu: string): Platform {
  if ((os === "linux" || os === "darwin") && (cpu === "x64" || cpu === "arm64")) return { os, cpu };
  throw new UserError(
    `The toolchain does not support ${os}/${cpu}: use Linux or macOS on x64 or arm64 (on Windows: WSL 2).`,
  );
}

/** The processor's name in Go (GOARCH), also in the names of plugin and envtest archives. */
export function goArchitecture(platform: Platform): "amd64" | "arm64" {
  return platform.cpu === "x64" ? "amd64" : "arm64";
}
