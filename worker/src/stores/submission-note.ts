import { z } from "zod";
import type { ResultStore } from "./store.ts";

/** The object beside `run.json` that tells who submitted a sweep through the API. */
export const SUBMISSION_FILE = "submission.json";

const FORMAT = "sweep-submission/1";
const noteSchema = z.object({
  format: z.literal(FORMAT),
  submittedBy: z.string().nullable(),
  at: z.iso.datetime(),
  size: z.string(),
  mode: z.enum(["queue", "job"]),
});

/**
 * Who submitted a sweep through the API, when, and for which machines. It is no part of `sweep.json`, whose schema is strict: executors of
 * earlier versions would refuse the sweep.
 */
export type SubmissionNote = Omit<z.infer<typeof noteSchema>, "format">;

/** The note's text. */
export function serializeSubmissionNote({ submittedBy, at, size, mode }: SubmissionNote): string {
  return `${JSON.stringify({ format: FORMAT, submittedBy, at, size, mode }, undefined, 2)}\n`;
}

/** The note of a text, or undefined if it is damaged or of a later version: the sweep is then shown without it. */
export function parseSubmissionNote(text: string): SubmissionNote | undefined {
  try {
    const { submittedBy, at, size, mode } = noteSchema.parse(JSON.parse(text));
    return { submittedBy, at, size, mode };
  } catch {
    return undefined;
  }
}

/** Undefined if the sweep was not submitted through the API. */
export async function readSubmissionNote(store: ResultStore): Promise<SubmissionNote | undefined> {
  const text = await store.note(SUBMISSION_FILE).read();
  return text === undefined ? undefined : parseSubmissionNote(text);
}

export async function writeSubmissionNote(store: ResultStore, note: SubmissionNote): Promise<void> {
  await store.note(SUBMISSION_FILE).write(serializeSubmissionNote(note));
}
