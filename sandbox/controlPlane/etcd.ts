import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { OwnedProcess } from "./ownedProcess.ts";
import { startListening } from "./readiness.ts";

const PROBE_TIMEOUT_MS = 2_000;
const memberList = z.object({ members: z.array(z.object({ name: z.string().default("") })) });

/** A running etcd. */
export interface Etcd {
  readonly process: OwnedProcess;
  /** For `--etcd-servers`. */
  readonly url: string;
}

/** Starts an etcd of one member with its data in `directory`; one serves many API servers, a key prefix each. Throws StartError. */
export async function startEtcd(file: string, directory: string): Promise<Etcd> {
  const name = randomUUID();
  const { process, ports } = await startListening(
    2,
    (ports) => {
      const [clientUrl, peerUrl] = urls(ports);
      const args = [
        `--name=${name}`,
        `--data-dir=${join(directory, "etcd")}`,
        `--listen-client-urls=${clientUrl}`,
        `--advertise-client-urls=${clientUrl}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=${name}=${peerUrl}`,
        // A single member elects itself; the default makes it wait a second for others.
        "--heartbeat-interval=50",
        "--election-timeout=250",
        // The data need not outlive the process.
        "--unsafe-no-fsync",
        "--log-level=warn",
      ];
      return { title: "etcd", file, args, logFile: join(directory, "etcd.log") };
    },
    (ports) => isMember(urls(ports)[0], name),
  );
  return { process, url: urls(ports)[0] };
}

function urls([client, peer]: readonly number[]): [string, string] {
  return [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
}

/** The name tells this etcd from another one that took the port. A member has none before it has joined its cluster. */
async function isMember(url: string, name: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v3/cluster/member/list`, {
      method: "POST",
      body: "{}",
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    const { members } = memberList.parse(await response.json());
    return members.some((member) => member.name === name);
  } catch {
    return false; // not listening yet, or no etcd
  }
}
