import { createHash } from "node:crypto";
import { Token } from "cdktf";
import { DEFAULTS, type WorkerConfiguration } from "sweep-worker/contract";
import { type WorkerJobSettings, workerSettingNames } from "./worker-job-settings.ts";

/** The configuration of all workers of a sweep: each adds its own number. */
export function workerConfigurationOf(
  settings: WorkerJobSettings,
  resultsUrl: string,
): Partial<WorkerConfiguration> & { readonly resultsUrl: string } {
  const given = workerSettingNames
    .map((name) => [name, settings[name]] as const)
    .filter(([, value]) => value !== undefined);
  // The defaults, too: whoever looks at a ConfigMap sees what its workers do, now and after the defaults have changed.
  const { evaluation, ...others } = { ...DEFAULTS, ...Object.fromEntries(given) };
  return {
    ...others,
    ...(settings.evaluationCommand === undefined && { evaluation }),
    totalWorkers: settings.workers,
    resultsUrl,
  };
}

/**
 * Where below the prefix the results of a sweep are: a name for everything that decides them. How many workers compute
 * them, and on what machines, does not, so that a sweep goes on where it was when those change.
 */
export function runNameOf(settings: WorkerJobSettings, imageContentHash: string): string {
  if (settings.runName !== undefined) return settings.runName;
  const { evaluation, evaluationCommand, resultColumns, totalParameters, batchSize, seed } = workerConfigurationOf(
    settings,
    "",
  );
  const identity = [imageContentHash, evaluation, evaluationCommand, resultColumns, totalParameters, batchSize, seed];
  return `${settings.name}-${shortHash(identity)}`;
}

/**
 * Eight hexadecimal digits of SHA-256 over a value as JSON.
 * @throws Error where something in it is known to Terraform only: its placeholder would be another at every synth.
 */
export function shortHash(value: unknown): string {
  const text = JSON.stringify(value);
  if (Token.isUnresolved(text)) throw new Error(`a hash needs values that are known at synth, got ${text}`);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
