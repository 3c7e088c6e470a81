import { spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";

/** What is missing on this machine to imitate SQS. */
export const missingForSqs =
  process.env.LIFECYCLE_PYTHON === undefined
    ? "LIFECYCLE_PYTHON names no Python with test/lifecycle/requirements.txt"
    : undefined;

/** The environment variables of whoever uses the imitated SQS. */
export const sqsEnvironment = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

/** A queue with its dead-letter queue. */
export interface ImitatedQueue {
  readonly url: string;
  readonly deadLetterUrl: string;
}

/** moto's SQS in a process of its own, behind a forwarder that a test can cut. */
export class ImitatedSqs {
  readonly #client: SQSClient;
  readonly #address: string;
  readonly #stop: () => void;
  readonly #forwarder: Forwarder;

  private constructor(address: string, region: string, forwarder: Forwarder, stop: () => void) {
    this.#address = address;
    this.#forwarder = forwarder;
    this.#stop = stop;
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = sqsEnvironment;
    this.#client = new SQSClient({
      endpoint: address,
      region,
      credentials: { accessKeyId, secretAccessKey },
      useQueueUrlAsEndpoint: false,
    });
  }

  /** @param region where its queues are. */
  static async start(region = sqsEnvironment.AWS_REGION): Promise<ImitatedSqs> {
    const server = spawn(process.env.LIFECYCLE_PYTHON ?? "", ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], {
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const address = await new Promise<string>((found, failed) => {
      let last = "";
      createInterface({ input: server.stderr }).on("line", (line) => {
        last = `${last}\n${line}`.slice(-5000);
        const [, url] = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? [];
        if (url !== undefined) found(url);
      });
      server.on("exit", () => failed(new Error(`no SQS is imitated:\n${last}`)));
    });
    const forwarder = await Forwarder.start(Number(new URL(address).port));
    return new ImitatedSqs(address, region, forwarder, () => server.kill());
  }

  /** Cuts all connections, and refuses new ones, until {@link comeBack}. The test itself still reaches the queue. */
  goAway(): void {
    this.#forwarder.cut();
  }

  comeBack(): void {
    this.#forwarder.mend();
  }

  /** Creates a queue that gives a message up at the sixth receive. Its URL is that of the forwarder. */
  async createQueue(name: string): Promise<ImitatedQueue> {
    const create = async (queueName: string, Attributes: Record<string, string>) => {
      const { QueueUrl = "" } = await this.#client.send(new CreateQueueCommand({ QueueName: queueName, Attributes }));
      return new URL(QueueUrl).pathname;
    };
    const deadLetter = await create(`${name}-dead-letter`, {});
    const { Attributes } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#address + deadLetter, AttributeNames: ["QueueArn"] }),
    );
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 5 });
    const path = await create(name, { RedrivePolicy });
    return { url: this.#forwarder.address + path, deadLetterUrl: this.#forwarder.address + deadLetter };
  }

  async send(url: string, texts: readonly string[]): Promise<void> {
    for (let from = 0; from < texts.length; from += 10) {
      const Entries = texts.slice(from, from + 10).map((MessageBody, index) => ({ Id: String(index), MessageBody }));
      await this.#client.send(new SendMessageBatchCommand({ QueueUrl: this.#direct(url), Entries }));
    }
  }

  /** Messages that are waiting, in flight or delayed. */
  async count(url: string): Promise<number> {
    const { Attributes = {} } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#direct(url), AttributeNames: ["All"] }),
    );
    const {
      ApproximateNumberOfMessages: waiting,
      ApproximateNumberOfMessagesNotVisible: inFlight,
      ApproximateNumberOfMessagesDelayed: delayed,
    } = Attributes;
    return Number(waiting) + Number(inFlight) + Number(delayed);
  }

  /** Takes all messages out of a queue. */
  async drain(url: string): Promise<string[]> {
    const texts: string[] = [];
    for (;;) {
      const command = new ReceiveMessageCommand({ QueueUrl: this.#direct(url), MaxNumberOfMessages: 10 });
      const { Messages = [] } = await this.#client.send(command);
      if (Messages.length === 0) return texts;
      for (const { Body = "", ReceiptHandle } of Messages) {
        texts.push(Body);
        await this.#client.send(new DeleteMessageCommand({ QueueUrl: this.#direct(url), ReceiptHandle }));
      }
    }
  }

  stop(): void {
    this.#client.destroy();
    this.#forwarder.stop();
    this.#stop();
  }

  #direct(url: string): string {
    return this.#address + new URL(url).pathname;
  }
}

/** A door in front of a server that can be closed. */
class Forwarder {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(port: number) {
    this.#server = createServer((socket) => {
      this.#track(socket);
      if (this.#isCut) {
        socket.destroy();
        return;
      }
      const server = connect(port, "127.0.0.1");
      this.#track(server);
      socket.pipe(server).pipe(socket);
      socket.on("close", () => server.destroy());
      server.on("close", () => socket.destroy());
    });
  }

  static async start(port: number): Promise<Forwarder> {
    const forwarder = new Forwarder(port);
    await new Promise<void>((listening) => forwarder.#server.listen(0, "127.0.0.1", listening));
    return forwarder;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  stop(): void {
    this.cut();
    this.#server.close();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
  }
}
