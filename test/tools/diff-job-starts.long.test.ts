import { join } from "node:path";
import { readBucket } from "../../tools/diff/job-starts.ts";
import { sweep, temporaryDirectory } from "../support/sweep.ts";

const folder = temporaryDirectory();
const inherited = { ...process.env };
afterEach(() => {
  process.env = inherited;
});

describe("the results of a run, as a diff reads them,", () => {
  test("are counted, or are none", async () => {
    const results = join(folder, "results");
    expect(readBucket(`file:${results}`, "us-west-2")).toEqual({ kind: "nothing" });
    await sweep(["run", "prime", "--total", "1000", "--results", results]);
    expect(readBucket(`file:${results}`, "us-west-2")).toEqual({ kind: "some", done: 1000, total: 1000 });
  });

  test("cannot be read without credentials, and the reason does not name the bucket", () => {
    const variables = Object.entries(inherited).filter(([name]) => !name.startsWith("AWS_"));
    const nowhere = { AWS_EC2_METADATA_DISABLED: "true", HOME: folder };
    process.env = { ...Object.fromEntries(variables), ...nowhere };
    const found = readBucket("s3://secret-bucket/runs/a", "us-west-2");
    expect(found).toEqual({
      kind: "unknown",
      reason: expect.stringMatching(/^cannot read from it: CredentialsProvider/),
    });
  });
});
