import { useEffect, useRef, useState } from "preact/hooks";
import { get, RequestError } from "./api.ts";

/** Pause before a request is sent again after an error of the server or of the connection. */
const RETRY_MS = 5_000;

interface Loaded<T> {
  /** The newest answer. It stays when a later request fails. */
  readonly data?: T;
  /** Why the newest request failed. */
  readonly error?: RequestError;
  readonly reload: () => void;
}

interface Options {
  /** Repeats the request while the tab is visible. @default it is sent once */
  readonly everyMs?: number | undefined;
  /** Another value sends the request again. If one is under way, the next begins when it has ended. */
  readonly version?: unknown;
}

/**
 * The answer to a GET. After a change of the path the old answer stays until the new one is here, so that nothing jumps.
 *
 * @param path undefined sends nothing.
 */
export function useRequest<T>(path: string | undefined, { everyMs, version }: Options = {}): Loaded<T> {
  const [state, setState] = useState<{ path?: string | undefined; data?: T; error?: RequestError }>({});
  const reload = useRef(() => {});
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isBusy = false;
    let isAskedAgain = false;
    const load = async (): Promise<void> => {
      isAskedAgain = isBusy || document.hidden;
      if (isAskedAgain) return;
      clearTimeout(timer);
      isBusy = true;
      let nextMs = everyMs;
      try {
        const data = await get<T>(path, abort.signal);
        setState({ path, data });
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setState((old) => ({ ...(old.path === path ? old : { path }), error }));
        const { status } = error.problem;
        if (status === 0 || status >= 500) nextMs = Math.min(everyMs ?? RETRY_MS, RETRY_MS);
      }
      isBusy = false;
      if (isAskedAgain) void load();
      else if (nextMs !== undefined) timer = setTimeout(load, nextMs);
    };
    // A request that is sent once is not repeated for every look at the tab: some cost reads of the bucket.
    const onVisibility = () => {
      if (isAskedAgain && !isBusy) void load();
    };
    reload.current = load;
    document.addEventListener("visibilitychange", onVisibility);
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }, [path, everyMs]);
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) reload.current();
    isFirst.current = false;
  }, [version]);
  const { data, error } = state;
  return {
    ...(data === undefined ? {} : { data }),
    ...(error === undefined ? {} : { error }),
    reload: () => reload.current(),
  };
}
