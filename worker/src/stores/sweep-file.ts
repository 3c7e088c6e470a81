import { z } from "zod";

/** The object beside `run.json` of a run that was submitted to a queue. */
export const SWEEP_FILE = "sweep.json";

/** Why nobody works on a run any longer, although parameters are missing. */
export interface Stop {
  readonly kind: "cancelled" | "failed";
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

const FORMAT = "sweep-settings/1";
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  settings: z.record(z.string(), z.unknown()),
  stop: z.strictObject({ kind: z.enum(["cancelled", "failed"]), reason: z.string(), at: z.string() }).optional(),
});

/** The content of `sweep.json`: the settings that do not decide the results, and the reason if the run was stopped. */
export interface SweepFileContent {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stop: Stop | undefined;
}

export function serializeSweepFile({ settings, stop }: SweepFileContent): string {
  return `${JSON.stringify({ format: FORMAT, settings, stop }, undefined, 2)}\n`;
}

/** The content of a text, or undefined if it is damaged or of another version. */
export function parseSweepFile(text: string): SweepFileContent | undefined {
  try {
    const { settings, stop } = fileSchema.parse(JSON.parse(text));
    return { settings, stop };
  } catch {
    return undefined;
  }
}
