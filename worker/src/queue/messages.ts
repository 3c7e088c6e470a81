import { z } from "zod";
import type { Range } from "../parameters/ranges.ts";

const runField = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/);
const parameter = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const counter = z.int().min(1).optional();

/** The formats of messages. A later version of a format gets another number, so that an executor leaves it to its successors. */
const messageSchema = z.discriminatedUnion("format", [
  z.strictObject({
    format: z.literal("sweep-range/1"),
    run: runField,
    start: parameter,
    count: parameter.min(1),
    tries: counter,
    deaths: counter,
  }),
  z.strictObject({ format: z.literal("sweep-close/1"), run: runField, tries: counter }),
]);

/** What all messages have. */
interface Message {
  /** The run's name: the last part of the place of its results. */
  readonly run: string;
  /** How often in a row the message was given back because the run's store was away. A queue counts receives only. @default 0 */
  readonly tries?: number | undefined;
}

/** Work on a range of a run. The bucket knows which of its parameters are done, so that a message may come twice. */
export interface RangeMessage extends Message, Range {
  readonly format: "sweep-range/1";
  /** How often somebody has died with this range, or with a larger one of which it is a part. @default 0 */
  readonly deaths?: number | undefined;
}

/** Verify a complete run, and write its receipt. */
export interface CloseMessage extends Message {
  readonly format: "sweep-close/1";
}

export type QueueMessage = RangeMessage | CloseMessage;

/** Completes "the name of a run must be ...". */
export const RUN_NAME = "up to 100 letters, digits, dots, hyphens and underlines that begin with a letter or a digit";

/** Whether messages can have this name of a run. */
export function isRunName(name: string): boolean {
  return runField.safeParse(name).success;
}

export function rangeMessage(run: string, { start, count }: Range): RangeMessage {
  return { format: "sweep-range/1", run, start, count };
}

/** The message of a text, or undefined if another program or another version has sent it. */
export function parseMessage(text: string): QueueMessage | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = messageSchema.safeParse(content);
  if (data?.format === "sweep-range/1" && data.start + data.count > Number.MAX_SAFE_INTEGER) return undefined;
  return data;
}
