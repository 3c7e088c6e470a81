import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeProblem, show } from "sweep-worker/contract";
import { guardedPrivateFolder } from "../support/private-folder.ts";
import { refusal, ToolError } from "../support/tool.ts";
import { decrypted, decrypterFor, takePrivateKey } from "./encryption.ts";
import {
  checkedOutCommit,
  digestOf,
  type Manifest,
  manifestName,
  parsedManifest,
  planFileName,
  terraformVersion,
} from "./manifest.ts";

/** Approved plans, in clear. */
export interface ApprovedPlans {
  readonly manifest: Manifest;
  /** The path of each stack's plan file, by the name of the stack, in the order of a deploy. */
  readonly files: ReadonlyMap<string, string>;
}

/** The way out of every refusal here. */
const planAgain = "plan again with npm run diff -- <environment> --save-plans <folder>, and approve those plans";

/**
 * Reads saved plans, and checks all of them before the first is applied.
 *
 * The digest of plans.json is checked first. It was approved, so everything that the file says can be believed, and each plan file
 * must have the digest that it names.
 *
 * @throws ToolError if anything differs from the approved plans.
 */
export async function readPlans(folder: string, approved: string, environment: string): Promise<ApprovedPlans> {
  // Before git and Terraform are started.
  const privateKey = takePrivateKey();
  let text: string;
  try {
    text = readFileSync(join(folder, manifestName), "utf8");
  } catch (error) {
    throw refusal("--plans", `a folder with ${manifestName}`, folder, (error as Error).message);
  }
  const digest = digestOf(text);
  // The right digest is not printed: to copy it would approve plans that nobody has read.
  if (digest !== approved)
    throw refusal("--approved", `the digest of ${manifestName} in that folder`, approved, planAgain);

  const manifest = parsedManifest(text);
  const same = (field: "environment" | "commit" | "terraform", wanted: string, fix: string) => {
    const problem = { path: ["plans", field], allowed: show(wanted), got: show(manifest[field]), fix };
    if (manifest[field] !== wanted) throw new ToolError(describeProblem(problem));
  };
  same("environment", environment, "deploy the environment that was planned");
  same("commit", checkedOutCommit("--plans"), "check out the commit that was planned");
  same("terraform", terraformVersion(folder), "use the version of Terraform that planned");

  const expected = [manifestName, ...manifest.stacks.map(({ stack }) => planFileName(stack, manifest))].sort();
  const found = readdirSync(folder).sort();
  if (String(found) !== String(expected))
    throw refusal("--plans", `a folder with ${expected.join(", ")}`, found, planAgain);

  const decrypter = manifest.encrypted && manifest.stacks.length > 0 ? decrypterFor(privateKey) : undefined;
  const plain = guardedPrivateFolder();
  const files = new Map<string, string>();
  for (const { stack, sha256 } of manifest.stacks) {
    const file = planFileName(stack, manifest);
    const stored = readFileSync(join(folder, file));
    const content = decrypter === undefined ? stored : await decrypted(decrypter, stored, file);
    if (digestOf(content) !== sha256) {
      throw new ToolError(`${file} is not the plan of ${stack} that was approved; nothing was applied: ${planAgain}`);
    }
    const path = join(plain, `${stack}.tfplan`);
    writeFileSync(path, content, { mode: 0o600 });
    files.set(stack, path);
  }
  return { manifest, files };
}
