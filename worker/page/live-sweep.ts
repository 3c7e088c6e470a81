import { useEffect, useState } from "preact/hooks";
import type { Sweep } from "../src/api/sweeps.ts";
import { get, RequestError, sweepPath } from "./api.ts";

/** Time between two attempts to connect. It doubles up to the most, so that a thousand pages do not stop a server from starting. */
const FIRST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 30_000;
/** A server sends an event for each look at a sweep. Without one for so long, the page asks why: the bucket may be away. */
const SILENT_AFTER_MS = 60_000;

export interface LiveSweep {
  readonly sweep?: Sweep;
  /** Why nothing is received at present. */
  readonly error?: RequestError;
  readonly connection: "connecting" | "live" | "lost";
}

/** A sweep as the server sends it while it changes. A hidden tab receives nothing, and so costs nothing. */
export function useLiveSweep(name: string): LiveSweep {
  const [state, setState] = useState<LiveSweep & { readonly name: string }>({ name, connection: "connecting" });
  useEffect(() => {
    let events: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waitMs = FIRST_WAIT_MS;
    let isClosed = false;
    /** A connection that is only checked is still one: a screen reader would read every change. */
    let isLive = false;
    const update = (change: Omit<LiveSweep, "sweep"> & { sweep?: Sweep }) => {
      if (!isClosed)
        setState((old) => ({ ...(old.name === name && old.sweep ? { sweep: old.sweep } : {}), name, ...change }));
    };
    const disconnect = () => {
      clearTimeout(timer);
      events?.close();
      events = undefined;
    };
    const retry = (error?: RequestError) => {
      disconnect();
      isLive = false;
      update({ ...(error === undefined ? {} : { error }), connection: "lost" });
      if (document.hidden || isClosed) return;
      timer = setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
      waitMs = Math.min(2 * waitMs, MOST_WAIT_MS);
    };
    const connect = async () => {
      disconnect();
      try {
        // A stream of events does not tell why it was refused: a sweep that is not there, a login that has ended.
        const sweep = await get<Sweep>(sweepPath(name));
        update({ sweep, connection: isLive ? "live" : "connecting" });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return retry(error);
      }
      if (document.hidden || isClosed) return;
      disconnect();
      timer = setTimeout(connect, SILENT_AFTER_MS);
      events = new EventSource(sweepPath(name, "/events"));
      events.addEventListener("sweep", (event) => {
        waitMs = FIRST_WAIT_MS;
        isLive = true;
        clearTimeout(timer);
        timer = setTimeout(connect, SILENT_AFTER_MS);
        update({ sweep: JSON.parse(event.data), connection: "live" });
      });
      events.addEventListener("error", () => retry());
    };
    const onVisibility = () => {
      if (document.hidden) disconnect();
      else void connect();
    };
    document.addEventListener("visibilitychange", onVisibility);
    void connect();
    return () => {
      isClosed = true;
      disconnect();
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }, [name]);
  return state.name === name ? state : { connection: "connecting" };
}
