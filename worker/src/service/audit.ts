import type { SubmissionNote } from "../stores/submission-note.ts";

/** What somebody has done through the API. */
export interface AuditEntry {
  readonly action: "submit" | "cancel" | "resume";
  /** The user of the login, null without one. */
  readonly user: string | null;
  /** The name of the sweep in the API. */
  readonly sweep: string;
  readonly size: string | null;
  readonly mode: SubmissionNote["mode"] | null;
  /** What was changed, in words. */
  readonly outcome: string;
}

export type Audit = (entry: AuditEntry) => void;

/**
 * Writes one line of JSON to standard output. The log of the Kubernetes API knows the server's service account only, and the queue knows its
 * role only: this line is the record of the person behind them.
 */
export function writeAuditLine(entry: AuditEntry): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), audit: entry })}\n`);
}
