/** A release number: major, minor, patch. */
export type VersionNumber = readonly [number, number, number];

const releaseNumber = /(?:^|[^0-9.])(\d+)\.(\d+)(?:\.(\d+))?/;

/** The first release number in a text such as `Kubernetes v1.36.3` or `go version go1.26.8 linux/amd64`. */
export function findVersionNumber(text: string): VersionNumber | undefined {
  const match = releaseNumber.exec(text);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether `version` is at least `oldest` and of the same major version, so that its interface is the known one. */
export function fits(version: VersionNumber, oldest: VersionNumber): boolean {
  if (version[0] !== oldest[0]) return false;
  if (version[1] !== oldest[1]) return version[1] > oldest[1];
  return version[2] >= oldest[2];
}
