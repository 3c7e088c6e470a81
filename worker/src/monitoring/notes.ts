import { REPORT_FILES, type ResultStore, type StoredFile } from "../stores/store.ts";
import { parseSubmissionNote, SUBMISSION_FILE, type SubmissionNote } from "../stores/submission-note.ts";
import { parseSweepFile, type Stop, SWEEP_FILE } from "../stores/sweep-file.ts";

/**
 * Sorts before `receipt.json`, the first file that is looked for, and behind the objects that are as many as blocks or workers, `blocks/...`
 * and `in-work-...`.
 */
const BEFORE_NOTES = "q~";

/** What lies beside the results of a sweep. */
export interface Notes {
  /** Undefined if there is no sweep. Milliseconds since the epoch. */
  readonly createdAt: number | undefined;
  /** Whether the sweep was submitted to a queue. */
  readonly isQueued: boolean;
  readonly stop: Stop | undefined;
  readonly submission: SubmissionNote | undefined;
  readonly hasReceipt: boolean;
  readonly hasParquet: boolean;
  /** Another value tells that somebody has submitted, stopped, resumed or verified the sweep, or made its receipt void. */
  readonly version: string;
}

/** Reads the notes of a sweep with one listing, and the content of one that has changed. */
export class NoteReader {
  readonly #store: ResultStore;
  readonly #kept = new Map<string, { readonly version: string; readonly text: string | undefined }>();

  constructor(store: ResultStore) {
    this.#store = store;
  }

  async read(): Promise<Notes> {
    const files = await this.#store.files("", BEFORE_NOTES);
    // Executors may not delete objects: they empty them.
    const find = (name: string) => files.find((file) => file.name === name && file.bytes > 0);
    const [run, sweep, receipt] = [find("run.json"), find(SWEEP_FILE), find(REPORT_FILES.receipt)];
    const [sweepText, submissionText] = await Promise.all([this.#textOf(sweep), this.#textOf(find(SUBMISSION_FILE))]);
    return {
      createdAt: run?.modifiedAt,
      isQueued: sweep !== undefined,
      stop: sweepText === undefined ? undefined : parseSweepFile(sweepText)?.stop,
      submission: submissionText === undefined ? undefined : parseSubmissionNote(submissionText),
      hasReceipt: receipt !== undefined,
      hasParquet: find(REPORT_FILES.table) !== undefined,
      version: [run, sweep, receipt].map(versionOf).join(),
    };
  }

  async #textOf(file: StoredFile | undefined): Promise<string | undefined> {
    if (file === undefined) return undefined;
    const [kept, version] = [this.#kept.get(file.name), versionOf(file)];
    if (kept?.version === version) return kept.text;
    const text = await this.#store.note(file.name).read();
    this.#kept.set(file.name, { version, text });
    return text;
  }
}

function versionOf(file: StoredFile | undefined): string {
  return file === undefined ? "" : `${file.bytes}-${file.modifiedAt}`;
}
