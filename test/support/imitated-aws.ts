import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** AWS as test/lifecycle/imitated_aws.py imitates it, with moto. */
export interface ImitatedAws {
  readonly url: string;
  stop(): void;
}

/** @param python a Python with test/lifecycle/requirements.txt, which `LIFECYCLE_PYTHON` names as in `.ci/run`. */
export async function imitateAws(python: string): Promise<ImitatedAws> {
  const server = spawn(python, [join(__dirname, "../lifecycle/imitated_aws.py")], {
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: "true", PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Its log: a line for each request, which is read so that it does not stop for want of room.
  let last = "";
  server.stderr.on("data", (chunk) => {
    last = `${last}${chunk}`.slice(-5000);
  });
  const [url] = await Promise.race([once(createInterface({ input: server.stdout }), "line"), once(server, "exit")]);
  if (typeof url !== "string") throw new Error(`no AWS is imitated:\n${last}`);
  return { url, stop: () => void server.kill() };
}
