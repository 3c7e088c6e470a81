import { CounterBasedContext } from "../worker/src/parameters/random.ts";
import { endOf, type Range } from "../worker/src/parameters/ranges.ts";
import { firstRanges, splitRest } from "../worker/src/parameters/splitting.ts";

export const PARAMETERS = 10_000_000;
const REGIONS = 10_000;
const PARAMETERS_OF_A_REGION = PARAMETERS / REGIONS;
const BATCH_SIZE = 1_000;
/** Receive, list and delete; a message arrives this long after it was sent. */
const RECEIVE_SECONDS = 0.05;
const SEND_SECONDS = 0.02;
/** An executor that is lost loses what it has computed since its last commit to the bucket, and its message comes back after the lease. */
const COMMIT_EVERY_SECONDS = 10;
const LEASE_SECONDS = 60;
const FIRST_MESSAGES_OF_A_SLOT = 4;

/** How the cost of a parameter depends on its region, one of 10,000. */
export const costShapes = {
  constant: () => 1,
  linear: (region) => region + 1,
  quadratic: (region) => (region + 1) ** 2,
  "1 % of all, a hundred times as slow": (region) => (region >= 6_000 && region < 6_100 ? 100 : 1),
  "lognormal regions": (_, random) => Math.exp(1.5 * normal(random)),
} satisfies Readonly<Record<string, (region: number, random: () => number) => number>>;

/** What the executors do beside computing. */
export const fleets = {
  "equal executors": { speeds: [1], lostOfThree: 0 },
  "speeds 1, 1, 1, 0.75 and 0.6": { speeds: [1, 1, 1, 0.75, 0.6], lostOfThree: 0 },
  "a third of the executors is lost half-way": { speeds: [1], lostOfThree: 1 },
} as const;

export interface Simulated {
  readonly shape: keyof typeof costShapes;
  readonly fleet: keyof typeof fleets;
  readonly executors: number;
  readonly slots: number;
  /** Time of the run if no slot were ever idle. */
  readonly idealSeconds: number;
  readonly sliceSeconds: number;
}

/** The ideal time divided by the simulated one, and the number of messages. */
export interface Outcome {
  readonly efficiency: number;
  readonly messages: number;
}

interface Slot {
  readonly speed: number;
  readonly lostAt: number;
}

/** Simulates a run on a queue. It divides ranges with the functions of the executors, in virtual time. */
export function simulate(options: Simulated): Outcome {
  const { idealSeconds, sliceSeconds } = options;
  const slots = slotsOf(options);
  const capacity = slots.reduce((sum, { speed, lostAt }) => sum + speed * Math.min(lostAt, idealSeconds), 0);
  const work = new Work(costShapes[options.shape], capacity);
  const events = new Events();
  const first = firstRanges([{ start: 0, count: PARAMETERS }], {
    pieces: FIRST_MESSAGES_OF_A_SLOT * slots.length,
    batchSize: BATCH_SIZE,
    seed: 1,
  });
  for (const range of first) events.add({ at: 0, range });
  for (const slot of slots) events.add({ at: 0, slot });
  const [waiting, idle]: [Range[], Slot[]] = [[], []];
  let [messages, endedAt] = [first.length, 0];
  const sendAt = (at: number, ranges: readonly Range[]) => {
    for (const range of ranges) events.add({ at: at + SEND_SECONDS, range });
  };
  for (let event = events.next(); event !== undefined; event = events.next()) {
    if ("slot" in event) idle.push(event.slot);
    else waiting.push(event.range);
    const { at } = event;
    while (idle.length > 0 && waiting.length > 0) {
      const slot = idle.shift() as Slot;
      if (slot.lostAt <= at) continue;
      const range = waiting.shift() as Range;
      const from = at + RECEIVE_SECONDS;
      const { reached, seconds } = work.compute(range, slot.speed, sliceSeconds);
      if (from + seconds > slot.lostAt) {
        const kept = Math.floor(Math.max(0, slot.lostAt - from) / COMMIT_EVERY_SECONDS) * COMMIT_EVERY_SECONDS;
        const committed = kept === 0 ? range.start : work.compute(range, slot.speed, kept).reached;
        events.add({ at: slot.lostAt + LEASE_SECONDS, range: { start: committed, count: endOf(range) - committed } });
        continue;
      }
      endedAt = Math.max(endedAt, from + seconds);
      if (reached < endOf(range)) {
        const left = [{ start: reached, count: endOf(range) - reached }];
        const pieces = splitRest(left, { perSecond: (reached - range.start) / seconds, sliceSeconds });
        messages += pieces.length;
        sendAt(from + seconds, pieces);
      }
      events.add({ at: from + seconds + SEND_SECONDS, slot });
    }
  }
  return { efficiency: idealSeconds / endedAt, messages };
}

function slotsOf({ fleet, executors, slots, idealSeconds }: Simulated): Slot[] {
  const { speeds, lostOfThree } = fleets[fleet];
  return Array.from({ length: executors * slots }, (_, index) => {
    const executor = Math.floor(index / slots);
    const lostAt = executor % 3 < lostOfThree ? idealSeconds / 2 : Number.POSITIVE_INFINITY;
    return { speed: speeds[executor % speeds.length] as number, lostAt };
  });
}

/** The seconds that ranges take on an executor of speed 1. */
export class Work {
  /** The seconds of all regions before a region. */
  readonly #before = new Float64Array(REGIONS + 1);

  /** @param seconds that all parameters take together. */
  constructor(shape: (region: number, random: () => number) => number, seconds: number) {
    const context = new CounterBasedContext(1);
    context.moveTo(0);
    const costs = Array.from({ length: REGIONS }, (_, region) => shape(region, context.random));
    const sum = costs.reduce((total, cost) => total + cost, 0);
    for (const [region, cost] of costs.entries())
      this.#before[region + 1] = (this.#before[region] as number) + (cost * seconds) / sum;
  }

  /** The first parameter that is not finished after `atMost` seconds, but at least one is, and the time that it took. */
  compute(range: Range, speed: number, atMost: number): { readonly reached: number; readonly seconds: number } {
    const begin = this.#secondsBefore(range.start);
    const seconds = (this.#secondsBefore(endOf(range)) - begin) / speed;
    if (seconds <= atMost) return { reached: endOf(range), seconds };
    const reached = Math.min(
      endOf(range),
      Math.max(range.start + 1, Math.floor(this.#parameterAt(begin + atMost * speed))),
    );
    return { reached, seconds: (this.#secondsBefore(reached) - begin) / speed };
  }

  #secondsBefore(parameter: number): number {
    const region = Math.min(REGIONS - 1, Math.floor(parameter / PARAMETERS_OF_A_REGION));
    const [before, after] = [this.#before[region] as number, this.#before[region + 1] as number];
    return before + ((after - before) * (parameter - region * PARAMETERS_OF_A_REGION)) / PARAMETERS_OF_A_REGION;
  }

  #parameterAt(seconds: number): number {
    let [low, high] = [0, REGIONS - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#before[middle + 1] as number) > seconds) high = middle;
      else low = middle + 1;
    }
    const [before, after] = [this.#before[low] as number, this.#before[low + 1] as number];
    return (low + (seconds - before) / (after - before)) * PARAMETERS_OF_A_REGION;
  }
}

type Event = { readonly at: number } & ({ readonly range: Range } | { readonly slot: Slot });

/** Events in the order of their times: a binary heap. */
class Events {
  readonly #heap: Event[] = [];

  add(event: Event): void {
    let place = this.#heap.push(event) - 1;
    for (; place > 0; place = (place - 1) >> 1) {
      const above = this.#heap[(place - 1) >> 1] as Event;
      if (above.at <= event.at) break;
      this.#heap[place] = above;
    }
    this.#heap[place] = event;
  }

  next(): Event | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return first;
    let place = 0;
    for (let child = 1; child < this.#heap.length; child = 2 * place + 1) {
      const [left, right] = [this.#heap[child] as Event, this.#heap[child + 1]];
      if (right !== undefined && right.at < left.at) child++;
      const smaller = this.#heap[child] as Event;
      if (smaller.at >= last.at) break;
      this.#heap[place] = smaller;
      place = child;
    }
    this.#heap[place] = last;
    return first;
  }
}

/** A normal random number (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
