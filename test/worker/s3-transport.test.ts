import { S3Client } from "@aws-sdk/client-s3";
import { exportCommand } from "../../worker/src/commands/export.ts";
import { statusCommand } from "../../worker/src/commands/status.ts";
import { verifyCommand } from "../../worker/src/commands/verify.ts";
import { inParallel } from "../../worker/src/stores/in-parallel.ts";
import { Bucket } from "../../worker/src/stores/s3-bucket.ts";
import { type BodyFault, FakeS3 } from "../support/fake-s3.ts";

const SILENCE_MS = 100;
const BODY = Buffer.from(Float64Array.from({ length: 500 }, (_, index) => index / 3).buffer);
const environment = { ...process.env };
let s3: FakeS3;
let bucket: Bucket;

beforeEach(async () => {
  s3 = await FakeS3.start();
  Object.assign(process.env, s3.environment);
  bucket = new Bucket("s3://bucket/runs/a b+c", SILENCE_MS);
  s3.objects.set("runs/a b+c/blocks/1.block", BODY);
});
afterEach(() => s3.stop());
afterAll(() => {
  process.env = environment;
});

/** Lets the first requests of a method fail. */
function failFirst(count: number, fault: number | "silence" | BodyFault): void {
  let requests = 0;
  s3.fault = () => (requests++ < count ? fault : undefined);
}

test.each(["cut", "short", "stall", "trickle", "silence", 500] as const)(
  "a read whose answer is spoilt (%s) is sent again",
  async (fault) => {
    failFirst(2, fault);
    expect(await bucket.get("blocks/1.block")).toEqual(BODY);
    expect(s3.requests).toHaveLength(3);
  },
);

test.each(["cut", "short", "stall", "silence", 500] as const)(
  "a list whose answer is spoilt (%s) is sent again",
  async (fault) => {
    failFirst(2, fault);
    expect((await bucket.list("blocks/")).objects).toEqual([
      { key: "blocks/1.block", size: BODY.length, modifiedAt: 0 },
    ]);
    expect(s3.requests).toHaveLength(3);
  },
);

test.each([
  ["cut", "ECONNRESET: the connection was cut after 2000 of 4000 bytes"],
  ["short", "ECONNRESET: the connection was cut after 2000 of 4000 bytes"],
  ["stall", expect.stringMatching(/^TimeoutError: only 2000 of 4000 bytes arrived within \d+ ms$/)],
  ["trickle", expect.stringMatching(/^TimeoutError: only 20\d\d of 4000 bytes arrived within \d+ ms$/)],
  [403, "AccessDenied: as the test asked"],
  [404, "NoSuchBucket: as the test asked"],
] as const)("a read that keeps failing (%s) is an error that says so", async (fault, reason) => {
  process.env.AWS_MAX_ATTEMPTS = "2";
  bucket = new Bucket("s3://bucket/runs/a b+c", SILENCE_MS);
  delete process.env.AWS_MAX_ATTEMPTS;
  s3.fault = () => fault;
  const { message, exitCode } = await bucket.get("blocks/1.block").catch((error) => error);
  const place = "cannot read from s3://bucket/runs/a b+c/: ";
  expect(message.slice(0, place.length)).toBe(place);
  expect(message.slice(place.length)).toEqual(reason);
  expect(exitCode).toBe(typeof fault === "number" ? 42 : 75);
});

test.each([
  ["status", () => statusCommand("s3://bucket/a", {})],
  ["verify", () => verifyCommand("s3://bucket/a", {})],
  ["export", () => exportCommand("s3://bucket/a", { format: "csv" })],
])("sweep %s waits for a bucket as long as the environment says", async (_, command) => {
  const original = process.env;
  process.env = { ...original, AWS_MAX_ATTEMPTS: "1", S3_REQUEST_TIMEOUT_MS: "50" };
  s3.fault = () => "silence";
  await expect(command()).rejects.toThrow("a request has exceeded the configured 50 ms requestTimeout");
  process.env.S3_REQUEST_TIMEOUT_MS = "0";
  await expect(command()).rejects.toThrow(
    "S3_REQUEST_TIMEOUT_MS must be a whole number of milliseconds from 1 to 3,600,000, got 0: use for example 20000",
  );
  process.env = original;
});

test("an object that the bucket keeps refusing, because another process is writing it, is given up", async () => {
  bucket = new Bucket("s3://bucket/runs/a", 10);
  s3.fault = () => 409;
  await expect(bucket.create("block", BODY)).rejects.toMatchObject({
    exitCode: 75,
    message:
      "cannot write to s3://bucket/runs/a/block: the bucket answers again and again that another process is writing it",
  });
  failFirst(1, 409);
  await bucket.create("block", BODY);
  expect(s3.objects.get("runs/a/block")).toEqual(BODY);
});

test("credentials that are missing are permanent, and credentials that cannot be renewed are not", async () => {
  const [unsigned, { AWS_ACCESS_KEY_ID }] = [process.env, process.env];
  const AWS_CREDENTIAL_EXPIRATION = new Date(Date.now() + 60_000).toISOString();
  process.env = { ...unsigned, AWS_CREDENTIAL_EXPIRATION, AWS_EC2_METADATA_DISABLED: "true", HOME: "/nowhere" };
  delete process.env.AWS_ACCESS_KEY_ID;
  const reason = "cannot read from s3://bucket/runs/a b+c/: CredentialsProviderError: ";
  const isMissing = { exitCode: 42, message: expect.stringContaining(reason) };
  await expect(bucket.get("blocks/1.block")).rejects.toMatchObject(isMissing);
  Object.assign(process.env, { AWS_ACCESS_KEY_ID });
  expect(await bucket.get("blocks/1.block")).toEqual(BODY);
  delete process.env.AWS_ACCESS_KEY_ID;
  const later = Date.now() + 120_000;
  const clock = jest.spyOn(Date, "now").mockImplementation(() => later);
  await expect(bucket.get("blocks/1.block")).rejects.toMatchObject({ ...isMissing, exitCode: 75 });
  // Another prefix has the same credentials, also if it is asked for the first time.
  const sibling = new Bucket("s3://bucket/runs/a b+c", SILENCE_MS, bucket);
  await expect(sibling.get("blocks/1.block")).rejects.toMatchObject({ ...isMissing, exitCode: 75 });
  clock.mockRestore();
  process.env = unsigned;
});

test("a large object has more time to be sent, so that a slow line can write it at all", async () => {
  s3.fault = () => "late";
  await bucket.put("large", Buffer.alloc(2 ** 24));
  expect(s3.requests).toHaveLength(1);
  expect(s3.objects.get("runs/a b+c/large")).toHaveLength(2 ** 24);
});

test("the end of an object is read with a range, and a missing object is undefined", async () => {
  const sent = jest.spyOn(S3Client.prototype, "send");
  expect(await bucket.get("blocks/1.block", 3_000)).toEqual(BODY.subarray(3_000));
  // The lean request was right, so that the SDK did not have to repeat it.
  expect({ requests: s3.requests.length, commands: sent.mock.calls.length }).toEqual({ requests: 1, commands: 0 });
  sent.mockRestore();
  expect(await bucket.get("blocks/2.block")).toBeUndefined();
});

test("an error of one item stops the others after their current one", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const items = Array.from({ length: 100 }, (_, index) => index);
  const work = async (item: number) => {
    begun.push(item);
    await new Promise((resolve) => setImmediate(resolve));
    if (item === 3) throw new Error("third");
    ended.push(item);
  };
  await expect(inParallel(items, 16, work)).rejects.toThrow("third");
  expect(ended).toEqual(begun.filter((item) => item !== 3));
  expect(begun.length).toBeLessThan(100);
});
