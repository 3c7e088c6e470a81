/** The bounds of {@link inOrder}. */
export interface Window<Item> {
  /** Most items that are in work or wait for their turn. */
  readonly items: number;
  /** Most bytes that these may take. An item that takes more is worked on alone. */
  readonly bytes: number;
  readonly bytesOf: (item: Item) => number;
}

/** A promise, and the function that resolves it. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

/**
 * Works on several items at the same time, and yields the results in the order of the items. A result counts as in work until the
 * next one is asked for, so that `work` may reuse its memory after `window.items` further calls.
 *
 * The items are read by a loop of its own: results go on while a slow source, such as a LIST, looks for the next item.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item) => Promise<Result>,
  window: Window<Item>,
): AsyncGenerator<Result> {
  const started: { readonly result: Promise<Result>; readonly bytes: number }[] = [];
  let bytes = 0;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let [added, removed] = [signal(), signal()];
  const startAll = async () => {
    try {
      for await (const item of items) {
        const size = window.bytesOf(item);
        while (started.length >= window.items || (started.length > 0 && bytes + size > window.bytes)) {
          removed = signal();
          await removed.given;
        }
        if (isOver) return;
        const result = work(item);
        // An error is thrown in its turn, or never if the reader stops before.
        result.catch(() => {});
        started.push({ result, bytes: size });
        bytes += size;
        added.give();
      }
    } catch (error) {
      failure = { error };
    } finally {
      isOver = true;
      added.give();
    }
  };
  const starting = startAll();
  try {
    for (;;) {
      const first = started[0];
      if (first === undefined) {
        if (isOver) break;
        added = signal();
        await added.given;
        continue;
      }
      yield await first.result;
      started.shift();
      bytes -= first.bytes;
      removed.give();
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    isOver = true;
    const unfinished = started.splice(0);
    removed.give();
    await starting;
    // The caller may close the files that they read from.
    await Promise.allSettled(unfinished.map(({ result }) => result));
  }
}
