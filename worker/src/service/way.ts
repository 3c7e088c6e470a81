import type { ServiceFile } from "../contract/service-file.ts";
import type { Submission } from "../engine/submit.ts";

/** The machines for a sweep. */
export interface Machines {
  readonly entry: ServiceFile["sizes"][number];
  /** Executors to divide it for at first, or workers of its Job. @default 1 and 3 */
  readonly executors?: number | undefined;
}

/** What was sent. */
export interface Sent {
  readonly messages: number;
  /** In words, for the audit line. */
  readonly outcome: string;
}

/** A way to machines: a queue with executors, or a Job. */
export interface Way {
  /** Whether machines have got what is missing of a sweep, so that nothing needs to be sent. */
  isUnderWay(submission: Submission, machines: Machines): Promise<boolean>;
  /** Sends what is missing. */
  send(submission: Submission, machines: Machines): Promise<Sent>;
  /** Sends what is missing again. */
  resume(submission: Submission, machines: Machines): Promise<Sent>;
  /** Called before a sweep is noted as cancelled. */
  stop(submission: Submission): Promise<void>;
}
