import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server on this machine that can be cut, and can fall silent. */
export interface TcpProxy {
  readonly url: string;
  /** Connections are refused and those that are open are closed. */
  cut(): void;
  /** Connections are taken, and nothing comes through any more, as behind a firewall that drops packets. */
  silence(): void;
  /** Everything comes through again; what was open before is closed. */
  mend(): void;
  stop(): Promise<void>;
}

/** Starts a proxy to an https server. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let state: "open" | "silent" | "cut" = "open";
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
  };
  const close = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((near) => {
    keep(near);
    if (state === "cut") return void near.destroy();
    if (state === "silent") return;
    const far = connect(Number(port), hostname);
    keep(far);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      state = "cut";
      close();
    },
    silence() {
      state = "silent";
      for (const socket of open) socket.unpipe().pause();
    },
    mend() {
      state = "open";
      close();
    },
    async stop() {
      close();
      server.close();
      await once(server, "close");
    },
  };
}
