import { cpSync, mkdirSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { sweep } from "../../support/sweep.ts";
import type { KubeletOptions } from "./kubelet.ts";

/**
 * The content of the worker's image in a folder: the built worker without node_modules, and a bundle of each evaluation.
 * worker/Dockerfile has the same steps, and the same ENTRYPOINT and ENV.
 *
 * @param evaluations paths of modules.
 */
export async function buildWorkerImage(
  folder: string,
  evaluations: readonly string[],
): Promise<KubeletOptions["image"]> {
  mkdirSync(join(folder, "evaluations"), { recursive: true });
  for (const source of evaluations) {
    const bundle = join(folder, "evaluations", `${basename(source, extname(source))}.mjs`);
    // It also builds the worker if that is stale.
    const { code, stderr } = await sweep(["bundle", source, "--output", bundle]);
    if (code !== 0) throw new Error(stderr);
  }
  cpSync(resolve(__dirname, "../../../worker/dist"), join(folder, "dist"), { recursive: true });
  return {
    entrypoint: [process.execPath, join(folder, "dist/cli.mjs")],
    environment: { NODE_ENV: "production", HOME: "/tmp" },
  };
}
