import { countOf, type Range, subtract, union } from "../parameters/ranges.ts";
import { divide, headOf } from "../parameters/splitting.ts";

/** What a leader tells its workers. */
export interface LeaderActions {
  /** Gives a worker something to do, in this order. It answers with {@link Leader.finished}. */
  give(worker: number, ranges: readonly Range[]): void;
  /** Asks a worker to answer soon, with what is left. It may have answered already. */
  askToYield(worker: number): void;
  /** Ends a worker, because nothing is left for anybody. */
  end(worker: number): void;
}

export interface LeaderOptions {
  /** The parameters without a result, disjoint and sorted. */
  readonly pending: readonly Range[];
  readonly workers: number;
  readonly batchSize: number;
  /**
   * Of each worker that was killed at an earlier start, the ranges that it had in work.
   *
   * @default none
   */
  readonly suspects?: ReadonlyMap<number, readonly Range[]>;
}

/**
 * As many blocks of a worker that was killed are kept for it where its speed is not known: those that it may have finished and not
 * committed yet, and the one in work.
 */
const SUSPECT_BLOCKS = 32;

interface Member {
  state: "away" | "idle" | "working" | "ended";
  /** Ranges that wait for this worker while it is away. */
  kept: readonly Range[];
  /** Whether one of its ranges may kill a worker, so that no other worker may get them. */
  isSuspect: boolean;
  /** The ranges in work, the number of their parameters, and how many of these are done. */
  work: readonly Range[];
  size: number;
  done: number;
  /** Ranges in work that others have meanwhile. It does not know until it yields. */
  taken: readonly Range[];
  /** How many parameters it has done between its last two reports. */
  betweenReports: number | undefined;
  /** How many parameters it evaluates at the same time. */
  atOnce: number;
  isAsked: boolean;
  /** Whether it has not answered for long, because a parameter takes long. */
  isOverdue: boolean;
  /** Parameters of its earlier ranges that it has done. */
  settled: number;
}

/**
 * Divides the parameters of a run among workers that ask for more, by work stealing. Each worker begins with one long range. When one
 * has nothing left, the worker with the most left yields, and they divide the rest. No clock decides, so that it is right for a run
 * of a second and of a day, and a worker that is slow, late, stuck or lost costs the others nothing.
 *
 * A rest is cut where blocks begin, as long as each part has a block, and is not divided any more when its worker has less than two
 * blocks left, or fewer parameters than it does between three reports. For W workers and n blocks, that makes about W log2(n) cuts.
 *
 * The ranges that a worker had in work when it was lost come back to the same worker, because they may hold a parameter that kills it:
 * the note of one worker must see every death of that parameter. The others take the rest.
 */
export class Leader {
  readonly #actions: LeaderActions;
  readonly #batchSize: number;
  readonly #members: readonly Member[];
  /** Those that wait for work. The first of a rest is for the first of them. */
  #idle: number[] = [];
  /** Ranges that no worker has. */
  #free: readonly Range[] = [];

  constructor({ pending, workers, batchSize, suspects = new Map() }: LeaderOptions, actions: LeaderActions) {
    this.#actions = actions;
    this.#batchSize = batchSize;
    this.#members = Array.from({ length: workers }, newMember);
    let left = pending;
    for (const [worker, ranges] of suspects) {
      const member = this.#members[worker];
      const taken = headOf(subtract(left, subtract(left, union(ranges))), SUSPECT_BLOCKS * batchSize);
      if (member === undefined || taken.length === 0) continue;
      [member.kept, member.isSuspect] = [taken, true];
      left = subtract(left, union(taken));
    }
    const others = this.#members.filter(({ isSuspect }) => !isSuspect);
    const parts = divide(left, others.length, batchSize);
    for (const [place, member] of others.entries()) member.kept = parts[place] ?? [];
    if (others.length === 0) this.#free = left;
  }

  /** Whether every parameter has a result. */
  get isDone(): boolean {
    return this.#free.length === 0 && this.#members.every(({ work, kept }) => work.length + kept.length === 0);
  }

  /** The ranges that a worker has in work. */
  workOf(worker: number): readonly Range[] {
    const { work, taken } = this.#memberOf(worker);
    return subtract(work, taken);
  }

  /** The parameters of its earlier ranges that a worker has done. All of them together are, at the end, those that were pending. */
  settledBy(worker: number): number {
    return this.#memberOf(worker).settled;
  }

  /** A worker has started. @param atOnce how many parameters it evaluates at the same time. */
  arrived(worker: number, atOnce: number): void {
    const member = this.#memberOf(worker);
    [member.state, member.atOnce] = ["idle", atOnce];
    this.#idle.push(worker);
    this.#distribute();
  }

  /** A worker tells how many parameters of its ranges are done. */
  reported(worker: number, done: number): void {
    const member = this.#memberOf(worker);
    if (done > member.done) member.betweenReports = done - member.done;
    member.done = done;
    // It may be worth dividing only now that its speed is known.
    if (this.#idle.length > 0) this.#distribute();
  }

  /** A worker has done its ranges, or yields. @param answer the parameters that it has not done, sorted. */
  finished(worker: number, answer: readonly Range[]): void {
    const member = this.#memberOf(worker);
    const left = settle(member, answer);
    [member.state, member.isSuspect] = ["idle", false];
    // A worker that yields goes on where it was.
    if (left.length > 0) this.#idle.unshift(worker);
    else this.#idle.push(worker);
    this.#free = union([...this.#free, ...left]);
    this.#distribute();
  }

  /**
   * A worker that was asked to yield has not answered for long: a parameter takes long. Nobody waits for it any longer: the others get
   * the end of its ranges, which it does not reach before it answers. If it does, some parameters are computed twice, to the same result.
   */
  overdue(worker: number): void {
    const member = this.#memberOf(worker);
    member.isOverdue = member.isAsked;
    this.#distribute();
  }

  /**
   * A worker has ended.
   *
   * @param answer the parameters of {@link workOf} that are not committed, sorted.
   * @param reports it may have had the parameters of so many reports in work.
   */
  lost(worker: number, answer: readonly Range[], reports: number): void {
    const member = this.#memberOf(worker);
    const { work, isSuspect, atOnce } = member;
    const left = settle(member, answer);
    this.#idle = this.#idle.filter((other) => other !== worker);
    member.state = "away";
    if (work.length > 0) {
      const others = this.#members.map(({ betweenReports }) => betweenReports ?? 0);
      const fastest = member.betweenReports ?? Math.max(...others);
      const inWork = fastest === 0 ? SUSPECT_BLOCKS * this.#batchSize : Math.max(atOnce, fastest * reports);
      // All of them, if it was searching among them: the note may suspect any.
      member.kept = isSuspect ? left : headOf(left, inWork);
      member.isSuspect = member.kept.length > 0;
      this.#free = union([...this.#free, ...subtract(left, union(member.kept))]);
    }
    this.#distribute();
  }

  #distribute(): void {
    this.#giveKept();
    this.#giveFree();
    while (this.#idle.length > 0 && this.#takeFromAbsent()) this.#giveFree();
    this.#askToYield();
    if (!this.isDone) return;
    for (const worker of this.#idle) {
      this.#memberOf(worker).state = "ended";
      this.#actions.end(worker);
    }
    this.#idle = [];
  }

  #giveKept(): void {
    for (const worker of [...this.#idle]) {
      const member = this.#memberOf(worker);
      const { kept } = member;
      member.kept = [];
      this.#give(worker, kept);
    }
  }

  #giveFree(): void {
    if (this.#free.length === 0 || this.#idle.length === 0) return;
    const [first] = this.#idle as [number];
    const worthwhile = Math.floor(countOf(this.#free) / this.#grainOf(this.#memberOf(first)));
    const parts = divide(this.#free, Math.min(this.#idle.length, Math.max(1, worthwhile)), this.#batchSize);
    this.#free = [];
    for (const [place, worker] of [...this.#idle].entries()) this.#give(worker, parts[place] ?? []);
  }

  #give(worker: number, ranges: readonly Range[]): void {
    if (ranges.length === 0) return;
    this.#idle = this.#idle.filter((other) => other !== worker);
    Object.assign(this.#memberOf(worker), {
      state: "working",
      work: ranges,
      size: countOf(ranges),
      done: 0,
    } satisfies Partial<Member>);
    this.#actions.give(worker, ranges);
  }

  /**
   * Takes a part of the work of a worker that has not started yet, or is overdue, unless one that answers has more.
   *
   * @returns whether there is something to give.
   */
  #takeFromAbsent(): boolean {
    const [busiest] = this.#members
      .filter((member) =>
        member.isOverdue ? restOf(member) > heldBy(member) : !member.isSuspect && member.kept.length > 0,
      )
      .sort((a, b) => amountOf(b) - amountOf(a));
    if (busiest === undefined || amountOf(busiest) < 2 * this.#grainOf(busiest)) return false;
    if (this.#members.some((member) => this.#canYield(member) && restOf(member) > amountOf(busiest))) return false;
    const { kept, work, done, taken, isOverdue } = busiest;
    const ranges = isOverdue ? subtract(subtract(work, union(headOf(work, done))), taken) : kept;
    const [first = [], ...others] = divide(ranges, this.#idle.length + 1, this.#batchSize);
    this.#free = isOverdue ? subtract(others.flat(), union(headOf(work, done + heldBy(busiest)))) : others.flat();
    if (isOverdue)
      [busiest.taken, busiest.size] = [union([...taken, ...this.#free]), busiest.size - countOf(this.#free)];
    else busiest.kept = first;
    return this.#free.length > 0;
  }

  /** Asks as many workers as there are idle ones, those with the most left. */
  #askToYield(): void {
    const missing = this.#idle.length - this.#members.filter(({ isAsked, isOverdue }) => isAsked && !isOverdue).length;
    if (missing <= 0) return;
    const victims = [...this.#members.entries()].filter(([, member]) => this.#canYield(member));
    for (const [worker, member] of victims.sort(([, a], [, b]) => restOf(b) - restOf(a)).slice(0, missing)) {
      member.isAsked = true;
      this.#actions.askToYield(worker);
    }
  }

  #canYield(member: Member): boolean {
    const { state, isSuspect, isAsked } = member;
    return state === "working" && !isSuspect && !isAsked && restOf(member) >= 2 * this.#grainOf(member);
  }

  /**
   * The least number of parameters that is worth a worker's while: a block, or those of a tenth of a second if blocks take longer. To
   * yield takes some milliseconds, and a worker finishes the parameters that are in flight.
   */
  #grainOf({ atOnce, betweenReports }: Member): number {
    return Math.max(atOnce, Math.min(this.#batchSize, betweenReports ?? this.#batchSize));
  }

  #memberOf(worker: number): Member {
    const member = this.#members[worker];
    if (member === undefined) throw new Error(`there is no worker ${worker}`);
    return member;
  }
}

/** The parameters that others could take. */
function amountOf(member: Member): number {
  return countOf(member.kept) + restOf(member);
}

function newMember(): Member {
  return {
    state: "away",
    kept: [],
    isSuspect: false,
    work: [],
    size: 0,
    done: 0,
    taken: [],
    betweenReports: undefined,
    atOnce: 1,
    isAsked: false,
    isOverdue: false,
    settled: 0,
  };
}

/** Ends the ranges in work. @returns the parameters that are left for the worker, and not with others meanwhile. */
function settle(member: Member, answer: readonly Range[]): Range[] {
  const left = subtract(answer, member.taken);
  member.settled += member.size - countOf(left);
  Object.assign(member, {
    work: [],
    size: 0,
    done: 0,
    taken: [],
    isAsked: false,
    isOverdue: false,
  } satisfies Partial<Member>);
  return left;
}

/** How many parameters an overdue worker holds: those in flight, and those that it may have done since its last report. */
function heldBy({ atOnce, betweenReports = 1 }: Member): number {
  return atOnce + betweenReports - 1;
}

/** How many of its parameters a worker has not done, as far as its leader knows. */
function restOf({ size, done }: Member): number {
  return Math.max(0, size - done);
}
