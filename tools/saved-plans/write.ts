import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeProblem } from "sweep-worker/contract";
import type { Outcome } from "../diff/outcome.ts";
import { localStateFile, type SynthesizedStack } from "../support/synthesize.ts";
import { terraformSession } from "../support/terraform-session.ts";
import { refusal, ToolError } from "../support/tool.ts";
import { encrypterFor } from "./encryption.ts";
import {
  checkedOutCommit,
  digestOf,
  lockOf,
  type Manifest,
  manifestName,
  manifestText,
  planFileName,
  terraformVersion,
} from "./manifest.ts";
import { roundOf } from "./rounds.ts";

/** Plans in a folder, which wait for their approval. */
export interface SavedPlans {
  readonly manifest: Manifest;
  /** SHA-256 of plans.json, which covers every plan file. Reviewers approve it. */
  readonly digest: string;
}

/** Keeps the plan files of one round. Make it before anything is planned: it finds the errors of the user first. */
export class PlanSaver {
  readonly #folder: string;
  readonly #encrypter: ReturnType<typeof encrypterFor> | undefined;
  readonly #commit: string;
  /** Where the plan files are in clear. */
  readonly #plain = terraformSession().folder;

  /**
   * @param folder is new or empty. @param publicKey encrypts the files; without it they are in clear, readable for their owner only.
   * @throws ToolError if one of them is wrong, or if the checkout has changes.
   */
  constructor(folder: string, publicKey: string | undefined) {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw refusal("--save-plans", "a new or an empty folder", folder, "name another one, or remove its files");
    }
    this.#folder = folder;
    this.#encrypter = publicKey === undefined ? undefined : encrypterFor(publicKey);
    this.#commit = checkedOutCommit("--save-plans");
  }

  /** Where a stack's plan file is to be put. */
  fileOf(stack: string): string {
    return join(this.#plain, `${stack}.saved.tfplan`);
  }

  /**
   * Writes the folder.
   * @param stacks each after its dependencies. @param outcomes their plans, with the files where {@link fileOf} says.
   * @throws ToolError if no deploy could go on: nothing can be applied, but a stack waits. Also if a deploy would lose the state.
   */
  async save(
    environment: string,
    stacks: readonly SynthesizedStack[],
    outcomes: readonly Outcome[],
  ): Promise<SavedPlans> {
    refuseLostState(environment, stacks);
    const { now, later } = roundOf(stacks, outcomes);
    const [stuck] = later;
    if (now.length === 0 && stuck !== undefined) {
      throw new ToolError(
        `${stuck.stack} ${stuck.reason}, but no other stack of ${environment} changes: deploy that one first`,
      );
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const encrypted = this.#encrypter !== undefined;
    const saved: Manifest["stacks"] = [];
    for (const { stack, file: plain } of now) {
      const content = readFileSync(plain);
      const target = join(this.#folder, planFileName(stack.id, { encrypted }));
      if (this.#encrypter === undefined) {
        chmodSync(plain, 0o600);
        moveFile(plain, target);
      } else {
        writeFileSync(target, await this.#encrypter.encrypt(content), { mode: 0o600 });
      }
      saved.push({ stack: stack.id, sha256: digestOf(content), providers: lockOf(stack.folder) });
    }
    const manifest: Manifest = {
      format: 1,
      environment,
      commit: this.#commit,
      terraform: terraformVersion(this.#plain),
      encrypted,
      stacks: saved,
      later: [...later],
    };
    const text = manifestText(manifest);
    writeFileSync(join(this.#folder, manifestName), text);
    return { manifest, digest: digestOf(text) };
  }
}

/** A runner of GitHub is gone after its job: the next round would begin from nothing, and nobody could destroy the first cluster. */
function refuseLostState(environment: string, stacks: readonly SynthesizedStack[]): void {
  const local = stacks.find((stack) => localStateFile(stack) !== undefined);
  if (process.env.GITHUB_ACTIONS !== "true" || local === undefined) return;
  const fix = `a file with the state of ${local.id} would be gone with its runner; docs/pull-requests-setup.md says how`;
  const problem = { path: [environment, "s3State"], allowed: "set for a deploy from GitHub", got: "nothing", fix };
  throw new ToolError(describeProblem(problem));
}

/** A rename, which does not work between two file systems. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    writeFileSync(to, readFileSync(from), { mode: 0o600 });
  }
}

/** The sentences about saved plans for the reviewers. */
export function remarksOn({ manifest, digest }: SavedPlans): string[] {
  const names = manifest.stacks.map(({ stack }) => stack);
  if (names.length === 0) return [];
  const later = manifest.later.map(({ stack, reason }) => `${stack} (${reason})`);
  return [
    `An approval applies exactly these plans: ${names.join(", ")}. Their digest is ${digest}.`,
    ...(later.length === 0
      ? []
      : [`A later round plans, shows and asks for: ${later.join("; ")}. This approval does not cover them.`]),
  ];
}
