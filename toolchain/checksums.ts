/** A published hash. */
export interface Checksum {
  readonly algorithm: "sha1" | "sha256" | "sha512";
  /** In lower-case hex digits. */
  readonly hash: string;
}

/** The hashes by their number of hex digits. Pulumi publishes sha256 for the CLI and sha1 or sha256 for plugins, envtest sha512. */
const algorithms: Readonly<Record<number, Checksum["algorithm"]>> = {
  40: "sha1",
  64: "sha256",
  128: "sha512",
};

/** A file's hash in a list of `HASH  FILE` lines, as `shasum` and `sha512sum` write them (FILE may have a folder). */
export function findChecksum(list: string, file: string): Checksum | undefined {
  for (const line of list.split("\n")) {
    const match = /^([0-9a-fA-F]+)[ \t]+\*?(?:\S*\/)?(\S+)\s*$/.exec(line);
    if (match?.[1] === undefined || match[2] !== file) continue;
    const algorithm = algorithms[match[1].length];
    if (algorithm !== undefined) return { algorithm, hash: match[1].toLowerCase() };
  }
  return undefined;
}
