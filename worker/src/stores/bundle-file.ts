import { PermanentError } from "../contract/errors.ts";
import { sha256OfBundle } from "../contract/evaluation-bundle.ts";
import type { RunIdentity } from "../contract/identity.ts";

/** The name that earlier versions gave to the bundle of every run. */
const EARLIER_NAME = "evaluation.mjs";

/** The file or object that holds a run's bundle. The name has the hash, so that no other run's bundle can replace it. */
export function bundleFile({ evaluationSha256 }: RunIdentity): string {
  return `evaluation-${evaluationSha256}.mjs`;
}

/**
 * Reads the bundle of a run, and compares it with the hash in the run's identity.
 *
 * @param url the place of the results, for errors.
 * @param read reads a file or an object of the store, undefined if there is none.
 * @returns undefined if there is none: a program computed the run, or its first start ended before it wrote the bundle.
 * @throws PermanentError if somebody has changed the bundle.
 */
export async function readBundle(
  identity: RunIdentity,
  url: string,
  read: (name: string) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  for (const name of [bundleFile(identity), EARLIER_NAME]) {
    const bundle = await read(name);
    if (bundle === undefined) continue;
    if (sha256OfBundle(bundle) === identity.evaluationSha256) return bundle;
    throw new PermanentError(
      `${url}/${name} is not the evaluation of the run: its SHA-256 is not the evaluationSha256 of run.json. ` +
        "Delete the file, and start the run again, which writes the evaluation anew",
    );
  }
  return undefined;
}
