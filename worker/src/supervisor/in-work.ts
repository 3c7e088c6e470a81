import { setTimeout } from "node:timers/promises";
import { countOf, endOf, type Range, subtract } from "../parameters/ranges.ts";
import type { Failure, Note } from "../stores/store.ts";

/** A search divides its suspects into this many parts at most: each of them is a request where the results are in a bucket. */
const PARTS = 1000;
/**
 * A parameter is given up when it was alone in work so often while the worker was killed. Once may be a coincidence: machines fail,
 * too. The number of starts that a search needs must stay within a Job's `backoffLimitPerIndex` of 6: with blocks of the default
 * size it takes five restarts to find one parameter, and with the largest blocks six.
 */
const DEATHS_ALONE = 2;
/** How long the end of a worker may wait for its note. */
const LEAVE_WITHIN_MS = 5_000;

/** What the names of all notes begin with. */
export const IN_WORK_PREFIX = "in-work-";

/** The name of the note of a worker, beside the results. */
export function inWorkNote(worker: number, workers: number): string {
  return `${IN_WORK_PREFIX}${worker}-of-${workers}.json`;
}

/** The number of workers of the run that has a note of this name. */
export function workersOfNote(name: string): number | undefined {
  const workers = /^in-work-\d+-of-(\d+)\.json$/.exec(name)?.[1];
  return workers === undefined ? undefined : Number(workers);
}

/** The content of the note. It exists while a worker runs, and after a worker that ended without a word. */
interface InWorkRecord {
  /** The parameters that were in work. Absent while nothing is searched: then they are the first that are not committed. */
  readonly suspects?: Range | undefined;
  /** How often the only suspect was in work when a worker ended without a word. */
  readonly deathsAlone: number;
  /** Whether the suspects were in work, or the worker had not come to them. */
  readonly isAtWork: boolean;
  /** A range that holds everything that the worker was given. Absent in the note of a worker with a fixed share. */
  readonly given?: Range | undefined;
}

const HEALTHY: InWorkRecord = { deathsAlone: 0, isAtWork: true };

/** The search for the parameter that ends the worker together with its evaluation. */
export interface Search {
  /** The failure of the parameter at fault, which must not be evaluated again. */
  readonly blamed: Failure | undefined;
  /** The suspects, in parts that must be evaluated one at a time. */
  readonly parts: readonly Range[];
  /** Records, before a part is evaluated, that it is in work. */
  enter(part: Range): Promise<void>;
  /** Records that nothing is suspected any more. */
  end(): Promise<void>;
}

/**
 * Records across starts which parameters were in work. The kernel ends all processes of a container when its memory runs out
 * (`memory.oom.group`), so that no supervisor is left to name the parameter; the disk of a pod is gone as well.
 *
 * A healthy start costs a read and two writes, however many blocks it has: the order of the share tells the next start which blocks
 * were in work, because they are the first that are not committed. Only if the note shows that the last start ended without a word
 * does a worker record each step. It evaluates the suspected blocks one at a time, and the next start the block that was in work, in a thousand parts.
 */
export class InWork {
  readonly #note: Note;
  readonly #atStart: InWorkRecord | undefined;
  #given: Range | undefined;
  #isSearching: boolean;
  #written: Promise<unknown> = Promise.resolve();

  private constructor(note: Note, atStart: InWorkRecord | undefined, given: Range | undefined) {
    this.#note = note;
    this.#atStart = atStart;
    this.#given = given;
    this.#isSearching = atStart !== undefined;
  }

  /**
   * The range that a worker with such a note must be given first, so that its search goes on. Undefined if its last start had a word,
   * or nothing is known.
   */
  static async rangeOf(note: Note): Promise<Range | undefined> {
    const last = parse(await note.read());
    return last?.suspects ?? last?.given;
  }

  /**
   * Reads the note of the last start, and writes that of this one.
   *
   * @param given holds everything that the worker is given at first. @default its share, which its settings tell
   */
  static async open(note: Note, given?: Range): Promise<InWork> {
    const last = parse(await note.read());
    const isDeathAlone = last?.suspects?.count === 1 && last.isAtWork;
    const record = last && {
      ...last,
      deathsAlone: last.deathsAlone + (isDeathAlone ? 1 : 0),
      isAtWork: false,
    };
    const inWork = new InWork(note, record, given);
    const written = inWork.#write(record ?? HEALTHY);
    // Without its note a healthy start can compute all the same.
    await (record === undefined ? written.catch(() => {}) : written);
    return inWork;
  }

  /** Notes that a worker goes on with other ranges. It need not wait for the note. */
  goOn(given: Range): void {
    this.#given = given;
    // One at a time: of two writes that reach a bucket together, either may be the last.
    this.#written = this.#written.then(() => this.#write(HEALTHY)).catch(() => {});
  }

  /**
   * The search that the end of the last start demands; undefined if that start had a word.
   *
   * @param pending the parameters of the share that are not committed, in its order.
   * @param capacity the most blocks that were in work at a time.
   */
  search(pending: readonly Range[], capacity: number): Search | undefined {
    if (this.#atStart === undefined) return undefined;
    const { suspects, deathsAlone } = this.#atStart;
    const isBlamed = suspects !== undefined && deathsAlone >= DEATHS_ALONE;
    const left = isBlamed ? pending.flatMap((range) => subtract([range], [suspects])) : pending;
    const region = suspects === undefined || isBlamed ? left.slice(0, capacity) : inside(pending, suspects);
    return {
      blamed: isBlamed && inside(pending, suspects).length > 0 ? killedWithWorker(suspects.start) : undefined,
      // At first each block as it is: a kill that was a coincidence leaves no trace in a bucket and costs next to nothing.
      parts: suspects === undefined || isBlamed ? region : divide(region),
      enter: async (part) => {
        const isKnown = suspects?.start === part.start && suspects.count === part.count;
        await this.#write({ suspects: part, deathsAlone: isKnown ? deathsAlone : 0, isAtWork: true });
      },
      end: async () => {
        this.#isSearching = false;
        await this.#write(HEALTHY);
      },
    };
  }

  /** The word of a worker that ends, for whatever reason. A search that is not finished goes on with the next start. */
  async leave(): Promise<void> {
    const atStart = this.#isSearching ? this.#atStart : undefined;
    const leaving = this.#written.then(() => (atStart === undefined ? this.#note.remove() : this.#write(atStart)));
    // The store may be the reason of the end. The next start is careful then, which costs time and no result.
    await Promise.race([leaving.catch(() => {}), setTimeout(LEAVE_WITHIN_MS, undefined, { ref: false })]);
  }

  #write(record: InWorkRecord): Promise<void> {
    return this.#note.write(JSON.stringify({ ...record, given: this.#given }));
  }
}

export function killedWithWorker(parameter: number): Failure {
  const error =
    "the worker was killed together with the evaluation each time this parameter ran, as the kernel does when a container has no more memory";
  return { parameter, kind: "killed", error };
}

/** A note that was cut counts as none. */
function parse(text: string | undefined): InWorkRecord | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The parts of `ranges` that are in `frame`. */
function inside(ranges: readonly Range[], frame: Range): Range[] {
  return ranges.flatMap(({ start, count }) => {
    const from = Math.max(start, frame.start);
    const to = Math.min(start + count, endOf(frame));
    return to > from ? [{ start: from, count: to - from }] : [];
  });
}

function divide(ranges: readonly Range[]): Range[] {
  const size = Math.ceil(countOf(ranges) / PARTS);
  return ranges.flatMap((range) => {
    const parts: Range[] = [];
    for (let { start } = range; start < endOf(range); start += size)
      parts.push({ start, count: Math.min(size, endOf(range) - start) });
    return parts;
  });
}
