import { readFileSync } from "node:fs";
import { explainFileError, PermanentError } from "../contract/errors.ts";
import { describeProblem, throwIfWrong, within } from "../contract/problems.ts";
import { type ServiceFile, serviceFileSchema } from "../contract/service-file.ts";
import type { CostOf } from "../monitoring/index.ts";
import { problemsOfRequest } from "./request-problems.ts";

/**
 * Reads the file with which the infrastructure configures a server.
 *
 * @throws PermanentError if it is missing, no JSON, or has wrong values.
 */
export function readServiceFile(path: string): ServiceFile {
  const input = parse(path, read(path));
  const result = serviceFileSchema.safeParse(input);
  if (result.success) return result.data;
  throwIfWrong(within(["--configuration"], problemsOfRequest(input, result.error.issues)));
  throw result.error;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explainFileError(error, path);
    throw wrongFile("a file that is there", path, error);
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrongFile("a file of JSON", path, error);
  }
}

function wrongFile(allowed: string, got: string, cause: unknown): PermanentError {
  const fix = "name the service.json that the infrastructure writes";
  return new PermanentError(describeProblem({ path: ["--configuration"], allowed, got, fix }), { cause });
}

/** What computing has cost, by the prices in the file: a machine computes in all its slots at the same time. */
export function costOf(file: ServiceFile | undefined): CostOf {
  return ({ size, mode }, computingSeconds) => {
    const entry = file?.sizes.find((one) => one.size === size);
    const slots = entry?.[mode]?.slotsPerMachine;
    if (slots === undefined || entry === undefined || entry.hourlyUsd === null) return undefined;
    return (computingSeconds / slots / 3600) * entry.hourlyUsd;
  };
}
