import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { canRun } from "./required.ts";

const START_WITHIN_MS = 60_000;
const ACCOUNT = "123456789012";

/** The Python that has moto: see test/lifecycle/requirements.txt. */
const python = process.env.LIFECYCLE_PYTHON;

/** Whether there is a Python with moto. REQUIRE_LIFECYCLE=1 forbids to skip. */
export function hasSqs(name: string): boolean {
  return canRun(name, "REQUIRE_LIFECYCLE", python === undefined ? "LIFECYCLE_PYTHON is not set" : undefined);
}

/** SQS on this machine. */
export interface ImitatedSqs {
  /** The environment variables that point the AWS SDK at it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes a queue. @returns its URL. */
  createQueue(name: string): Promise<string>;
  stop(): void;
}

/** Starts moto's server, which answers several requests at a time: a long poll must not stop the others. */
export async function imitateSqs(): Promise<ImitatedSqs> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const server = spawn(python as string, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
  });
  const startedAt = performance.now();
  while (
    !(await fetch(address).then(
      () => true,
      () => false,
    ))
  ) {
    if (server.exitCode !== null || performance.now() - startedAt > START_WITHIN_MS)
      throw new Error("moto does not start");
    await setTimeout(50);
  }
  return {
    environment: {
      AWS_ENDPOINT_URL_SQS: address,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
    createQueue: async (name) => {
      const body = new URLSearchParams({ Action: "CreateQueue", QueueName: name, Version: "2012-11-05" });
      const headers = { Authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request" };
      const { status } = await fetch(address, { method: "POST", body, headers });
      if (status !== 200) throw new Error(`moto makes no queue: ${status}`);
      return `${address}/${ACCOUNT}/${name}`;
    },
    stop: () => server.kill(),
  };
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => found(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
