import { join } from "node:path";
import { formatCount } from "sweep-worker/contract";
import type { Measurement } from "./measurement.ts";
import { runProgram, startProgram } from "./programs.ts";
import { inThreeDigits } from "./statistics.ts";
import type { Workspace } from "./workspace.ts";

const PARAMETERS_EACH = 10_000;

/** CPU time and memory of the proof that the results in a bucket of very many small objects are complete. */
export async function measureObjects({ objects, report }: Workspace): Promise<Measurement[]> {
  report(`objects: verifying ${formatCount(objects)} objects`);
  const args = ["--import", "tsx", join(__dirname, "objects-server.ts"), String(objects), String(PARAMETERS_EACH)];
  const server = startProgram(process.execPath, args);
  const ended = server.finished.catch(() => {});
  try {
    const port = await server.line(() => true);
    const { output, milliseconds: wall } = await runProgram(
      process.execPath,
      [join(__dirname, "verify-objects-once.mjs"), "s3://bucket/runs/generated"],
      {
        AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "bench",
        AWS_SECRET_ACCESS_KEY: "bench",
      },
    );
    const { blocks, milliseconds, mebibytes } = JSON.parse(output);
    if (blocks !== objects) throw new Error(`${blocks} of ${objects} objects were verified`);
    const seconds = inThreeDigits(wall / 1000);
    return [
      {
        name: "Verify a bucket: CPU time for an object of 80 kB",
        value: milliseconds / objects,
        unit: "ms",
        limit: { atMost: 0.4 },
        detail: `${formatCount(objects)} objects of ${formatCount(PARAMETERS_EACH)} parameters, listed and fetched over HTTP, start included; ${seconds} s`,
      },
      {
        name: "Verify a bucket: largest memory",
        value: mebibytes,
        unit: "MiB",
        limit: { atMost: 256 },
        detail: "resident, of the whole process, in the same run",
      },
    ];
  } finally {
    server.terminate();
    await ended;
  }
}
