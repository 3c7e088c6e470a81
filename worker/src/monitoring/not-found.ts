import { PermanentError } from "../contract/errors.ts";

/** There is no sweep of this name, or nothing of that name in it. */
export class NotFoundError extends PermanentError {}
