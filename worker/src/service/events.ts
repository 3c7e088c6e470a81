import { createHash } from "node:crypto";
import type { Sweep } from "../api/sweeps.ts";
import { ProblemError } from "./problems.ts";

const EVENT_OPTIONS = {
  /** Less than the minute after which a load balancer ends a connection without traffic. */
  commentEveryMs: 15_000,
  /** A reader that takes nothing for so long is disconnected. */
  stalledAfterMs: 60_000,
  /** The first look at a sweep takes longer only if its place does not answer. */
  firstWithinMs: 40_000,
};

/** Tells about a sweep until somebody calls the function that it returns. */
export type Watch = (onSweep: (sweep: Sweep) => void, onError: (error: unknown) => void) => () => void;

export interface EventsOptions extends Partial<typeof EVENT_OPTIONS> {
  /** The header Last-Event-ID of a reader that comes back: it has this event already. */
  readonly lastEventId?: string | undefined;
  /** Ends the events when the server stops. */
  readonly closing: AbortSignal;
  /** Called for a reader that takes nothing; it must end the connection. */
  readonly onStalled: () => void;
}

interface SweepEvent {
  readonly id: string;
  readonly bytes: Uint8Array;
}

const COMMENT = new TextEncoder().encode(": still here\n\n");
/** All readers of a sweep share the bytes of its events. */
const events = new WeakMap<Sweep, SweepEvent>();

/** The identifier depends on the content alone: a reader may come back to another replica. */
function eventOf(sweep: Sweep): SweepEvent {
  const known = events.get(sweep);
  if (known !== undefined) return known;
  const data = JSON.stringify(sweep);
  const id = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const event = { id, bytes: new TextEncoder().encode(`event: sweep\nid: ${id}\ndata: ${data}\n\n`) };
  events.set(sweep, event);
  return event;
}

/**
 * Server-sent events about a sweep. Each has the whole sweep, so that a reader that was slow or away needs the newest one only: the stream
 * keeps one event at most, however slowly it is read.
 *
 * @returns when the first event is there.
 * @throws the error of a sweep that cannot be read.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function eventsOf(watch: Watch, options: EventsOptions): Promise<ReadableStream<Uint8Array>> {
  const source = new EventSource(options);
  await source.start(watch);
  // A stream without a queue of its own asks for an event only when the connection can take one.
  return new ReadableStream(
    { pull: (controller) => source.pull(controller), cancel: () => source.end() },
    { highWaterMark: 0 },
  );
}

class EventSource {
  readonly #options: EventsOptions & typeof EVENT_OPTIONS;
  /** The newest event, until it is sent. */
  #event: SweepEvent | undefined;
  #isEnded = false;
  /** Ends the wait for an event. */
  #wake = () => {};
  #unwatch = () => {};
  /** Refuses a reader that has got no event yet. Nothing happens to any other one. */
  #refuse = () => {};
  #stalled: NodeJS.Timeout | undefined;

  constructor(options: EventsOptions) {
    this.#options = { ...EVENT_OPTIONS, ...options };
  }

  start(watch: Watch): Promise<void> {
    const { closing, firstWithinMs, lastEventId } = this.#options;
    closing.addEventListener("abort", this.end);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        reject(error);
        this.end();
      };
      const timer = setTimeout(() => {
        const detail = "the place of the results does not answer: try again";
        fail(new ProblemError(503, detail, { retryAfterSeconds: 5 }));
      }, firstWithinMs);
      this.#refuse = () => {
        clearTimeout(timer);
        reject(new ProblemError(503, "this server is stopping: try again", { retryAfterSeconds: 1 }));
      };
      if (closing.aborted) return this.end();
      let isFirst = true;
      this.#unwatch = watch(
        (sweep) => {
          const event = eventOf(sweep);
          const isKnown = isFirst && event.id === lastEventId;
          if (!isKnown) this.#event = event;
          if (isFirst) this.#expectReader();
          isFirst = false;
          clearTimeout(timer);
          resolve();
          this.#wake();
        },
        (error) => {
          clearTimeout(timer);
          // A later error passes: the next look at the sweep may succeed, and comments keep the connection until then.
          if (isFirst) fail(error);
        },
      );
      // The watch may have called back before it returned.
      if (this.#isEnded) this.#unwatch();
    });
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    clearTimeout(this.#stalled);
    if (this.#event === undefined && !this.#isEnded) await this.#change();
    if (this.#isEnded) return controller.close();
    const { bytes } = this.#event ?? { bytes: COMMENT };
    this.#event = undefined;
    controller.enqueue(bytes);
    this.#expectReader();
  }

  readonly end = (): void => {
    this.#isEnded = true;
    clearTimeout(this.#stalled);
    this.#options.closing.removeEventListener("abort", this.end);
    this.#unwatch();
    this.#refuse();
    this.#wake();
  };

  /** The next event, the end, or the time for a comment. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.commentEveryMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #expectReader(): void {
    if (this.#isEnded) return;
    this.#stalled = setTimeout(() => {
      this.end();
      this.#options.onStalled();
    }, this.#options.stalledAfterMs).unref();
  }
}
