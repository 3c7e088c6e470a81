// A bucket with as many blocks as wanted, without storage: every answer is computed from its key.
//
//   node --import tsx objects-server.ts <objects> <parameters in each>
//
// Prints its port. It is a process of its own, so that the CPU time of the measured process is that of a client.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RESULTS_FORMAT, serializeRunFile } from "../worker/src/contract/identity.ts";
import { bytesOf, createChecksum, createTextChecksum } from "../worker/src/stores/checksum.ts";
import { serializeRecord } from "../worker/src/stores/commit-log.ts";
import { keyOf } from "../worker/src/stores/s3-blocks.ts";

const PAGE = 1_000;
const [objects = 0, count = 0] = process.argv.slice(2).map(Number);
const runFile = serializeRunFile({
  format: RESULTS_FORMAT,
  evaluation: "generated",
  evaluationSha256: "0".repeat(64),
  columns: ["value"],
  totalParameters: objects * count,
  batchSize: count,
  seed: 0,
});

async function serve(): Promise<void> {
  const [checksum, checksumOf] = [await createChecksum(), await createTextChecksum()];
  const values = new Float64Array(count);

  function blockAt(start: number): Buffer {
    for (let index = 0; index < count; index++) values[index] = 2 * (start + index) + 1;
    const record = { start, count, checksum: checksum(start, [values]), failures: [] };
    return Buffer.concat([bytesOf(values), Buffer.from(serializeRecord(record, checksumOf))]);
  }

  const size = blockAt(0).length;

  function list(query: URLSearchParams, prefix: string): string {
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    const [, start = 0, end] = /(\d{16})(-\d+\.block)?$/.exec(after) ?? [];
    // A key without its end sorts before the block that starts there.
    const first = Math.min(objects, Math.ceil(Number(start) / count) + (end === undefined ? 0 : 1));
    const last = Math.min(objects, first + Math.min(PAGE, Number(query.get("max-keys") ?? PAGE)));
    const keys = Array.from(
      { length: last - first },
      (_, place) => prefix + keyOf({ start: (first + place) * count, count }),
    );
    const contents = keys.map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
        `<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    const next = last < objects ? `<NextContinuationToken>${keys.at(-1)}</NextContinuationToken>` : "";
    return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== ""}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`;
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://localhost");
    const key = decodeURIComponent(url.pathname).split("/").slice(2).join("/");
    if (request.method !== "GET") {
      // Reports are taken and forgotten; the answers are those of a multipart upload, too.
      request.resume().on("end", () => {
        response.writeHead(200, { ETag: '"1"', "Content-Type": "application/xml" });
        response.end(request.method === "POST" ? "<Result><UploadId>1</UploadId><ETag>1</ETag></Result>" : "");
      });
      return;
    }
    const prefix = url.searchParams.get("prefix");
    const [, start] = /\/blocks\/(\d{16})-\d+\.block$/.exec(key) ?? [];
    if (prefix !== null) response.end(list(url.searchParams, prefix.replace(/blocks\/.*$/, "")));
    else if (start !== undefined) response.end(blockAt(Number(start)));
    else if (key.endsWith("/run.json")) response.end(runFile);
    else response.writeHead(404).end("<Error><Code>NoSuchKey</Code><Message>none</Message></Error>");
  }

  const server = createServer(answer);
  server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
}

void serve();
