import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ServiceFile } from "sweep-worker/contract";
import type { Submitted } from "../../../worker/src/api/submission.ts";
import { startProgram } from "../../support/sweep.ts";
import type { ControlPlane } from "./control-plane.ts";
import { apiUser } from "./fence.ts";

const program = resolve(__dirname, "submit-as-api.mts");

/** The part of the API that submits sweeps, as a process with the API's own rights in the cluster. */
export class Submitter {
  /** @param reach environment variables with which it reaches the bucket. */
  constructor(
    private readonly plane: ControlPlane,
    private readonly file: ServiceFile,
    private readonly reach: Readonly<Record<string, string>>,
  ) {}

  /** @throws Error with what the process has written. */
  async submit(request: object): Promise<Submitted> {
    const { server, certificateAuthority, folder } = this.plane;
    const { certificate, key } = this.plane.credentials(apiUser);
    const input = join(folder, "submission.json");
    writeFileSync(input, JSON.stringify({ request, file: this.file, server, certificateAuthority, certificate, key }));
    const words = [process.execPath, "--import", "tsx", program, input];
    const { code, stdout, stderr } = await startProgram(words, { env: this.reach }).finished;
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  }
}
