import { describeError, isInstance, PermanentError, SweepError } from "../contract/errors.ts";
import type { FromEvaluation } from "./protocol.ts";

/**
 * Takes the channel to the supervisor away from the user's code, which is loaded later. A message of the user's would be taken for one
 * of ours, and a disconnection for the end of the supervisor. Both fail as in any program that nobody forked.
 *
 * @param supervisorIsGone Node.js itself calls `process.disconnect` when the channel breaks, so that it cannot be absent.
 */
export function takeChannel(supervisorIsGone: () => boolean): (message: FromEvaluation, sent?: () => void) => void {
  const send = process.send?.bind(process);
  Reflect.deleteProperty(process, "send");
  process.disconnect = () => {
    if (!supervisorIsGone()) throw new TypeError("process.disconnect is not a function");
    process.kill(-process.pid, "SIGKILL");
  };
  return (message, sent) => send?.(message, undefined, undefined, sent);
}

/** The message that ends the worker with an error. */
export function fatal(error: unknown): FromEvaluation {
  const message = isInstance(error, SweepError) ? error.message : describeError(error);
  return { type: "fatal", permanent: isInstance(error, PermanentError), message };
}
