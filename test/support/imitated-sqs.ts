import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { imitateAws } from "../lifecycle/imitated-aws.ts";

/** moto needs five milliseconds of a core for each question, and every slot of every executor asks. */
const POLL_EVERY_MS = 200;

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

/** moto's SQS in a process of its own, behind a door that a test can close. */
export class ImitatedSqs {
  readonly #client: SQSClient;
  /** The address of moto. */
  readonly #moto: string;
  readonly #stop: () => void;
  readonly #door: Door;

  private constructor(moto: string, door: Door, region: string, stop: () => void) {
    this.#moto = moto;
    this.#door = door;
    this.#stop = stop;
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = sqsEnvironment;
    this.#client = new SQSClient({
      endpoint: moto,
      region,
      credentials: { accessKeyId, secretAccessKey },
      useQueueUrlAsEndpoint: false,
    });
  }

  /** @param region where its queues are. */
  static async start(region = sqsEnvironment.AWS_REGION): Promise<ImitatedSqs> {
    const { address, stop } = await imitateAws(process.env.LIFECYCLE_PYTHON ?? "");
    return new ImitatedSqs(address, await Door.start(address), region, stop);
  }

  /** Cuts all connections, and refuses new ones, until {@link comeBack}. The test itself still reaches the queue. */
  goAway(): void {
    this.#door.close();
  }

  comeBack(): void {
    this.#door.open();
  }

  /** Creates a queue that gives a message up at the sixth receive. Its URL is that of the door. */
  async createQueue(name: string): Promise<ImitatedQueue> {
    const create = async (queueName: string, Attributes: Record<string, string>) => {
      const { QueueUrl = "" } = await this.#client.send(new CreateQueueCommand({ QueueName: queueName, Attributes }));
      return new URL(QueueUrl).pathname;
    };
    const deadLetter = await create(`${name}-dead-letter`, {});
    const { Attributes } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#moto + deadLetter, AttributeNames: ["QueueArn"] }),
    );
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 5 });
    const path = await create(name, { RedrivePolicy });
    return { url: this.#door.address + path, deadLetterUrl: this.#door.address + deadLetter };
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
    this.#door.stop();
    this.#stop();
  }

  #direct(url: string): string {
    return this.#moto + new URL(url).pathname;
  }
}

/**
 * A door in front of moto that can be closed. moto answers one request at a time, so that a long poll is many short ones here, and ends
 * with its client.
 */
class Door {
  readonly #server: Server;
  readonly #moto: string;
  #isClosed = false;

  private constructor(moto: string) {
    this.#moto = moto;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket) => {
      if (this.#isClosed) socket.destroy();
    });
  }

  static async start(moto: string): Promise<Door> {
    const door = new Door(moto);
    await new Promise<void>((listening) => door.#server.listen(0, "127.0.0.1", listening));
    return door;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#isClosed = true;
    this.#server.closeAllConnections();
  }

  open(): void {
    this.#isClosed = false;
  }

  stop(): void {
    this.close();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = JSON.parse(Buffer.concat(chunks).toString());
      const isReceive = String(request.headers["x-amz-target"]).endsWith(".ReceiveMessage");
      const until = performance.now() + (isReceive ? (body.WaitTimeSeconds ?? 0) * 1000 : 0);
      for (;;) {
        const answer = await this.#ask(request, isReceive ? { ...body, WaitTimeSeconds: 0 } : body);
        if (answer.status === 200 && !answer.text.includes('"Messages"') && performance.now() < until) {
          await setTimeout(POLL_EVERY_MS);
          if (!response.destroyed) continue;
        }
        response.writeHead(answer.status, { "Content-Type": "application/x-amz-json-1.0" }).end(answer.text);
        return;
      }
    } catch {
      response.destroy();
    }
  }

  async #ask({ url = "/", headers }: IncomingMessage, body: object): Promise<{ status: number; text: string }> {
    const { "x-amz-target": target, authorization } = headers;
    const answer = await fetch(this.#moto + url, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": String(target),
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      body: JSON.stringify(body),
    });
    return { status: answer.status, text: await answer.text() };
  }
}
