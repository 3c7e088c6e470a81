import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { ReportWriter } from "./store.ts";

/** S3 takes 10,000 parts of at least 5 MiB: 80 GB are more than any report. */
const PART_BYTES = 8 * 2 ** 20;

/**
 * A report in a bucket. It may not fit in memory, so that it is uploaded part by part, or at once if it is short. Either way it appears
 * when it is finished.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
export class S3Report implements ReportWriter {
  readonly #client: S3Client;
  readonly #object: { readonly Bucket: string; readonly Key: string };
  readonly #explain: (error: unknown) => Error;
  readonly #part = Buffer.allocUnsafe(PART_BYTES);
  #used = 0;
  #uploadId: string | undefined;
  readonly #parts: { readonly ETag: string | undefined; readonly PartNumber: number }[] = [];

  constructor(
    client: S3Client,
    object: { readonly Bucket: string; readonly Key: string },
    explain: (error: unknown) => Error,
  ) {
    this.#client = client;
    this.#object = object;
    this.#explain = explain;
  }

  async write(content: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(content as Uint8Array);
    for (let from = 0; from < bytes.length; ) {
      if (this.#used === PART_BYTES) await this.#send(() => this.#uploadPart());
      const copied = bytes.copy(this.#part, this.#used, from);
      this.#used += copied;
      from += copied;
    }
  }

  async finish(): Promise<void> {
    await this.#send(async () => {
      if (this.#uploadId === undefined) {
        await this.#client.send(new PutObjectCommand({ ...this.#object, Body: this.#part.subarray(0, this.#used) }));
        return;
      }
      await this.#uploadPart();
      const MultipartUpload = { Parts: this.#parts };
      await this.#client.send(
        new CompleteMultipartUploadCommand({ ...this.#object, UploadId: this.#uploadId, MultipartUpload }),
      );
    });
  }

  async abandon(): Promise<void> {
    if (this.#uploadId === undefined) return;
    // Parts that stay cost storage, but the error that led here is the one to report.
    const command = new AbortMultipartUploadCommand({ ...this.#object, UploadId: this.#uploadId });
    await this.#client.send(command).catch(() => {});
  }

  async #uploadPart(): Promise<void> {
    if (this.#uploadId === undefined) {
      this.#uploadId = (await this.#client.send(new CreateMultipartUploadCommand(this.#object))).UploadId;
    }
    const PartNumber = this.#parts.length + 1;
    const Body = this.#part.subarray(0, this.#used);
    const { ETag } = await this.#client.send(
      new UploadPartCommand({ ...this.#object, UploadId: this.#uploadId, PartNumber, Body }),
    );
    this.#parts.push({ ETag, PartNumber });
    this.#used = 0;
  }

  async #send(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw this.#explain(error);
    }
  }
}
