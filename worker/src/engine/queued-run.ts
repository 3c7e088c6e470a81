import { problemsOf } from "../contract/check.ts";
import { PermanentError } from "../contract/errors.ts";
import type { RunIdentity } from "../contract/identity.ts";
import { throwIfWrong } from "../contract/problems.ts";
import type { SettingName, WorkerSettings } from "../contract/worker-settings.ts";
import { type Range, subtract } from "../parameters/ranges.ts";
import { type Note, REPORT_FILES, type ResultReader, type ResultStore } from "../stores/store.ts";
import { parseSweepFile, type Stop, SWEEP_FILE, serializeSweepFile } from "../stores/sweep-file.ts";

/** The settings of a run that its executors need and its identity does not have. */
export const QUEUED_SETTINGS = [
  "evaluationCommand",
  "resultColumns",
  "evaluationConcurrency",
  "evaluationTimeoutSeconds",
  "maxFailures",
  "simulateWorkMs",
] as const satisfies readonly SettingName[];
export type { Stop } from "../stores/sweep-file.ts";
export type QueuedSettings = Pick<WorkerSettings, (typeof QUEUED_SETTINGS)[number]>;

/** Nobody has submitted the run. */
export class UnknownRunError extends PermanentError {}

/** The content of `sweep.json`. */
export interface SweepFile {
  readonly settings: QueuedSettings;
  readonly stop: Stop | undefined;
}

/**
 * What a run on a queue has beside its results: `sweep.json`, with the settings that do not decide the results, and with the reason if it
 * was stopped; `sent.json`, which tells that the queue has all its messages; and `complete.json`, which tells that somebody verifies it.
 */
export class QueuedRun {
  readonly store: ResultStore;
  readonly #file: Note;
  readonly #complete: Note;
  readonly #sent: Note;

  constructor(store: ResultStore) {
    this.store = store;
    this.#file = store.note(SWEEP_FILE);
    this.#complete = store.note("complete.json");
    this.#sent = store.note("sent.json");
  }

  /** Lets executors work on the run, also after it was stopped. Its messages must be sent next. */
  async submit(settings: QueuedSettings): Promise<void> {
    await this.#sent.remove();
    // Results that were deleted, for example damaged ones, are computed again, and somebody must verify them.
    await this.#complete.remove();
    await this.#write({ settings, stop: undefined });
  }

  /** Notes that the queue has got messages for everything that was missing. */
  async noteSent(messages: number): Promise<void> {
    await this.#sent.write(JSON.stringify({ at: new Date().toISOString(), messages }));
  }

  /** Whether executors have got messages for everything that was missing, and nobody has stopped the run since. */
  async isSent(): Promise<boolean> {
    const [file, sent] = await Promise.all([this.find(), this.#sent.read()]);
    return file !== undefined && file.stop === undefined && sent !== undefined;
  }

  /** Lets executors delete the messages of the run. Whatever is committed stays. */
  async stop(kind: Stop["kind"], reason: string): Promise<void> {
    const { settings } = await this.read();
    await this.#write({ settings, stop: { kind, reason, at: new Date().toISOString() } });
  }

  /**
   * @throws UnknownRunError if the run was not submitted.
   * @throws PermanentError if another version has submitted it, or if the bucket refuses the request.
   */
  async read(): Promise<SweepFile> {
    const file = await this.find();
    if (file === undefined) throw new UnknownRunError(`${this.store.url} holds no submitted run: it has no sweep.json`);
    return file;
  }

  /** As {@link read}, but undefined if the run was not submitted. */
  async find(): Promise<SweepFile | undefined> {
    const text = await this.#file.read();
    if (text === undefined) return undefined;
    const place = `${this.store.url}/${SWEEP_FILE}`;
    const file = parseSweepFile(text);
    if (file === undefined) throw new PermanentError(`${place} is damaged or of another version: submit the run again`);
    throwIfWrong(problemsOf(file.settings, QUEUED_SETTINGS));
    return { settings: file.settings as QueuedSettings, stop: file.stop };
  }

  /** The results, for the run's identity and its evaluation. @throws PermanentError if there is no such run. */
  reader(): Promise<ResultReader> {
    return this.store.read();
  }

  /** The identity and the evaluation's bundle, which a command does not have. @throws PermanentError if there is no such run. */
  async evaluation(): Promise<{ readonly identity: RunIdentity; readonly bundle: Uint8Array | undefined }> {
    const reader = await this.reader();
    return { identity: reader.identity, bundle: await reader.evaluationBundle() };
  }

  /** Whether a receipt proves that the run is complete. */
  async hasReceipt(): Promise<boolean> {
    return (await (await this.reader()).readReport(REPORT_FILES.receipt)) !== undefined;
  }

  /** Makes an earlier receipt and its table void, because results of the run are missing. */
  async withdrawReceipt(): Promise<void> {
    if (!(await this.hasReceipt())) return;
    // It was made of the results that are missing now. An executor writes the next one, or says why not. A submission that ends here
    // finds the receipt again.
    await this.store.note(REPORT_FILES.table).remove();
    await this.store.note(REPORT_FILES.receipt).remove();
  }

  /** The parameters of a range that are not committed, disjoint and sorted. */
  async pendingOf(identity: RunIdentity, range: Range): Promise<Range[]> {
    const writer = await this.store.write(identity);
    try {
      return subtract([range], await writer.committed([range]));
    } finally {
      await writer.close();
    }
  }

  /** Notes that somebody verifies the complete run. */
  async announceComplete(): Promise<void> {
    await this.#complete.write(JSON.stringify({ at: new Date().toISOString() }));
  }

  async isAnnounced(): Promise<boolean> {
    return (await this.#complete.read()) !== undefined;
  }

  async #write({ settings, stop }: SweepFile): Promise<void> {
    await this.#file.write(serializeSweepFile({ settings: { ...settings }, stop }));
  }
}
