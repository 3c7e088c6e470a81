import { describeError, isInstance, PermanentError, SweepError } from "../contract/errors.ts";
import type { FromEvaluation } from "./protocol.ts";

/**
 * Takes the channel to the supervisor away from the user's code, which is loaded later: `process.send` and `process.disconnect` are
 * absent then, as in any program that nobody forked. A message of the user's would be taken for one of ours, and a disconnection for
 * the end of the supervisor.
 */
export function takeChannel(): (message: FromEvaluation, sent?: () => void) => void {
  const send = process.send?.bind(process);
  for (const name of ["send", "disconnect"] as const) Reflect.deleteProperty(process, name);
  return (message, sent) => send?.(message, undefined, undefined, sent);
}

/** The message that ends the worker with an error. */
export function fatal(error: unknown): FromEvaluation {
  const message = isInstance(error, SweepError) ? error.message : describeError(error);
  return { type: "fatal", permanent: isInstance(error, PermanentError), message };
}
