import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SQSServiceException,
} from "@aws-sdk/client-sqs";
import { PermanentError, SweepError, TemporaryError } from "../contract/errors.ts";
import type { Delivery, MessageQueue, QueueCounts } from "./message-queue.ts";
import type { QueueMessage } from "./messages.ts";

/** SQS takes ten messages in a request, and bills the request. */
const BATCH = 10;
/** Attempts in the SDK's standard mode. `AWS_MAX_ATTEMPTS` changes the number. */
const ATTEMPTS = 4;
const CONNECT_WITHIN_MS = 5_000;
/** A long poll answers after 20 s. */
const ANSWER_WITHIN_MS = 30_000;

/** Errors of SQS that another attempt would only repeat. */
const PERMANENT = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AWS.SimpleQueueService.NonExistentQueue",
  "CredentialsProviderError",
  "InvalidAddress",
  "InvalidClientTokenId",
  "QueueDoesNotExist",
  "SignatureDoesNotMatch",
  "UnrecognizedClientException",
]);

/**
 * A standard queue of Amazon SQS. The AWS SDK finds credentials: a pod identity, a profile. Region and endpoint are those of the URL; a
 * URL that is not AWS's has the region `AWS_REGION`.
 */
export class SqsQueue implements MessageQueue {
  readonly url: string;
  readonly #client: SQSClient;
  readonly #leaseSeconds: number;
  /** Whether a request has succeeded: there were credentials, so that a failure to renew them may pass. */
  #hasWorked = false;

  /** @param leaseSeconds how long a received message stays with its receiver, from 1 to 43,200. */
  constructor(url: string, leaseSeconds: number) {
    this.url = url;
    this.#leaseSeconds = leaseSeconds;
    const { AWS_MAX_ATTEMPTS, AWS_REGION } = process.env;
    // The SDK is pinned to a version that supports this Node.js, so its warning about later versions helps no user.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
    const region = regionOf(url);
    this.#client = new SQSClient({
      region: region ?? AWS_REGION ?? "us-east-1",
      // The SDK warns at every request of a queue whose host is not the one that it expects.
      ...(region === undefined ? { endpoint: new URL(url).origin } : {}),
      ...(AWS_MAX_ATTEMPTS === undefined ? { maxAttempts: ATTEMPTS } : {}),
      // Another queue with the same host, as of an emulator, must not be mistaken for this one.
      useQueueUrlAsEndpoint: true,
      requestHandler: {
        connectionTimeout: CONNECT_WITHIN_MS,
        requestTimeout: ANSWER_WITHIN_MS,
        throwOnRequestTimeout: true,
      },
    });
  }

  async receive(most: number, waitSeconds: number, signal?: AbortSignal): Promise<Delivery[]> {
    if (signal?.aborted) return [];
    try {
      const command = new ReceiveMessageCommand({
        QueueUrl: this.url,
        MaxNumberOfMessages: most,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: this.#leaseSeconds,
        MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      });
      const { Messages = [] } = await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
      this.#hasWorked = true;
      return Messages.map(({ Body = "", ReceiptHandle = "", Attributes }) => ({
        text: Body,
        handle: ReceiptHandle,
        receives: Number(Attributes?.ApproximateReceiveCount ?? 1),
      }));
    } catch (error) {
      if (signal?.aborted) return [];
      throw this.#explain(error, "receive from");
    }
  }

  async send(messages: readonly QueueMessage[], delaySeconds = 0): Promise<void> {
    for (let from = 0; from < messages.length; from += BATCH) {
      await this.#sendBatch(messages.slice(from, from + BATCH), delaySeconds);
    }
  }

  async #sendBatch(messages: readonly QueueMessage[], delaySeconds: number): Promise<void> {
    const { Failed = [] } = await this.#request("send to", () =>
      this.#client.send(
        new SendMessageBatchCommand({
          QueueUrl: this.url,
          Entries: messages.map((message, index) => ({
            Id: String(index),
            MessageBody: JSON.stringify(message),
            DelaySeconds: delaySeconds,
            // A fair queue: a run with few messages does not wait behind one with many.
            // @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
            MessageGroupId: message.run,
          })),
        }),
      ),
    );
    const [failed] = Failed;
    if (failed !== undefined) throw this.#refused("send to", failed.Code, failed.Message, failed.SenderFault);
  }

  async extend(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    const lost: Delivery[] = [];
    for (let from = 0; from < deliveries.length; from += BATCH) {
      const batch = deliveries.slice(from, from + BATCH);
      const { Failed = [] } = await this.#request("extend a lease of", () =>
        this.#client.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: this.url,
            Entries: batch.map(({ handle }, index) => ({
              Id: String(index),
              ReceiptHandle: handle,
              VisibilityTimeout: this.#leaseSeconds,
            })),
          }),
        ),
      );
      // A failure of SQS itself: the next attempt comes before the lease ends.
      lost.push(...Failed.flatMap(({ Id, SenderFault }) => (SenderFault === false ? [] : (batch[Number(Id)] ?? []))));
    }
    return lost;
  }

  async delete({ handle }: Delivery): Promise<void> {
    try {
      await this.#request("delete from", () =>
        this.#client.send(new DeleteMessageCommand({ QueueUrl: this.url, ReceiptHandle: handle })),
      );
    } catch (error) {
      // The lease has ended: the message comes again, and its receiver finds nothing to do.
      const { name } = ((error as SweepError).cause ?? {}) as SQSServiceException;
      if (name !== "ReceiptHandleIsInvalid") throw error;
    }
  }

  async counts(): Promise<QueueCounts> {
    const { Attributes = {} } = await this.#request("read", () =>
      this.#client.send(
        new GetQueueAttributesCommand({
          QueueUrl: this.url,
          AttributeNames: [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
          ],
        }),
      ),
    );
    return {
      waiting: Number(Attributes.ApproximateNumberOfMessages),
      inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed),
    };
  }

  close(): void {
    this.#client.destroy();
  }

  async #request<Answer>(action: string, send: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await send();
      this.#hasWorked = true;
      return answer;
    } catch (error) {
      throw this.#explain(error, action);
    }
  }

  #explain(error: unknown, action: string): SweepError {
    if (error instanceof SweepError) return error;
    const { name, message, $metadata } = error as SQSServiceException;
    const text = this.#text(action, name, message);
    // Credentials that worked expire within hours, and the service that renews them may be away for a moment.
    const mayPass = this.#hasWorked && name === "CredentialsProviderError";
    const isPermanent = !mayPass && (PERMANENT.has(name) || $metadata?.httpStatusCode === 403);
    return isPermanent ? new PermanentError(text, { cause: error }) : new TemporaryError(text, { cause: error });
  }

  #refused(action: string, code = "an error without a code", message = "", isOurs = false): SweepError {
    const text = this.#text(action, code, message);
    return isOurs ? new PermanentError(text) : new TemporaryError(text);
  }

  #text(action: string, name: string, message: string): string {
    return `cannot ${action} ${this.url}: ${name}${message === "" || message === name ? "" : `: ${message}`}`;
  }
}

/** The region in the host name of AWS's queues. */
function regionOf(url: string): string | undefined {
  return /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com\//.exec(url)?.[1];
}
