import { EventEmitter, once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What an evaluation is told to do where it asks: see watched.mts. */
export type Answer = "go on" | "throw" | "loop" | "memory";

/** Where watched.mts asks for its next step, so that a test interrupts workers exactly there. */
export class Gate {
  /** The answer to a worker's question; undefined lets it wait. Questions are `load` and numbers of parameters. */
  rule: (worker: number, question: string) => Answer | undefined = () => "go on";
  /** The workers that wait. One that is started again may ask before its first connection has closed. */
  private readonly waiting = new Map<ServerResponse, number>();
  private readonly arrivals = new EventEmitter();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const [, worker, question = ""] = (request.url ?? "").split("/");
      const answer = this.rule(Number(worker), question);
      if (answer !== undefined) {
        response.end(answer);
        return;
      }
      this.waiting.set(response, Number(worker));
      response.on("close", () => this.waiting.delete(response));
      this.arrivals.emit("arrival");
    }).listen(0, "127.0.0.1");
    // A test that fails does not keep Jest from ending.
    this.server.unref();
  }

  static async open(): Promise<Gate> {
    const gate = new Gate();
    await once(gate.server, "listening");
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when so many workers wait. */
  async holds(workers: number): Promise<void> {
    while (new Set(this.waiting.values()).size < workers) await once(this.arrivals, "arrival");
  }

  isHolding(worker: number): boolean {
    return [...this.waiting.values()].includes(worker);
  }

  /** From now on nobody waits. */
  release(): void {
    this.rule = () => "go on";
    for (const response of this.waiting.keys()) response.end("go on");
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
