import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a service of this machine that a test can close and open again, like a network that fails. */
export class Door {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private ownPort = 0;

  private constructor(private readonly port: number) {}

  /** @param url of the service behind it. */
  static async before(url: string): Promise<Door> {
    const door = new Door(Number(new URL(url).port));
    await door.open();
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ownPort}`;
  }

  async open(): Promise<void> {
    this.server = createServer((socket) => {
      const other = connect(this.port, "127.0.0.1");
      for (const [one, another] of [[socket, other] as const, [other, socket] as const]) {
        this.sockets.add(one);
        one.pipe(another);
        one.on("error", () => another.destroy());
        one.on("close", () => this.sockets.delete(one));
      }
    }).listen(this.ownPort, "127.0.0.1");
    await once(this.server, "listening");
    // A test that fails does not keep Jest from ending.
    this.server.unref();
    this.ownPort = (this.server.address() as { port: number }).port;
  }

  /** Ends all connections, and refuses new ones. */
  close(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
