import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The account of the imitated AWS. */
export const imitatedAccount = "123456789012";

/** Why nothing is deployed on an imitated AWS here. `.ci/run` does that beside the other slow tests, and only once. */
export const missingForLifecycle =
  process.env.SKIP_LIFECYCLE === "1"
    ? "SKIP_LIFECYCLE is 1"
    : process.env.LIFECYCLE_PYTHON === undefined
      ? "LIFECYCLE_PYTHON is not set"
      : undefined;

/** AWS on this machine. */
export interface ImitatedAws {
  /** Address for `AWS_ENDPOINT_URL`. */
  readonly address: string;
  stop(): void;
}

/** Starts `imitated_aws.py` with a Python that has what requirements.txt names. */
export async function imitateAws(python: string): Promise<ImitatedAws> {
  const server = spawn(python, [join(__dirname, "imitated_aws.py")], {
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: "true", PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Its log: a line for each request, which is read so that it does not stop for want of room.
  let last = "";
  server.stderr.on("data", (chunk) => {
    last = `${last}${chunk}`.slice(-5000);
  });
  const [address] = await Promise.race([once(createInterface({ input: server.stdout }), "line"), once(server, "exit")]);
  if (typeof address !== "string") throw new Error(`no AWS is imitated:\n${last}`);
  return { address, stop: () => server.kill() };
}
