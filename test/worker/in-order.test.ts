import { setImmediate } from "node:timers/promises";
import { inOrder } from "../../worker/src/stores/in-order.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const WINDOW = { items: 4, bytes: 100, bytesOf: () => 1 };

/** Lets everything happen that can happen now. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

/** Work that ends when the test says so. */
function manualWork() {
  const started: number[] = [];
  const ends = new Map<number, { done: (result: number) => void; failed: (error: Error) => void }>();
  const work = (item: number) =>
    new Promise<number>((done, failed) => {
      started.push(item);
      ends.set(item, { done, failed });
    });
  return {
    started,
    work,
    end: (item: number) => ends.get(item)?.done(item),
    fail: (item: number) => ends.get(item)?.failed(new Error(`item ${item}`)),
  };
}

test("items are started in order, a window at a time, and the results come in order", async () => {
  const { started, work, end } = manualWork();
  const results: number[] = [];
  const reading = (async () => {
    for await (const result of inOrder(numbers(10), work, WINDOW)) results.push(result);
  })();
  await settle();
  expect(started).toEqual([0, 1, 2, 3]);
  // Later ones wait for their turn, and keep their places in the window.
  for (const item of [3, 2, 1]) end(item);
  await settle();
  expect({ results, started }).toEqual({ results: [], started: [0, 1, 2, 3] });
  end(0);
  await settle();
  expect({ results, started }).toEqual({ results: [0, 1, 2, 3], started: [0, 1, 2, 3, 4, 5, 6, 7] });
  for (const item of [4, 5, 6, 7]) end(item);
  await settle();
  for (const item of [8, 9]) end(item);
  await reading;
  expect(results).toEqual(numbers(10));
});

test("large items are bounded by their bytes, and one that is too large is worked on alone", async () => {
  const sizes = [60, 30, 30, 500, 10];
  const { started, work, end } = manualWork();
  const window = { items: 4, bytes: 100, bytesOf: (item: number) => sizes[item] as number };
  const results = inOrder(numbers(5), work, window);
  const steps: number[][] = [];
  for (const item of numbers(5)) {
    const next = results.next();
    await settle();
    steps.push([...started]);
    end(item);
    expect((await next).value).toBe(item);
  }
  expect(steps).toEqual([
    [0, 1],
    [0, 1, 2],
    [0, 1, 2],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
  ]);
});

test("results do not wait for a source that is slow to find the next item", async () => {
  let found = () => {};
  async function* source() {
    yield 0;
    yield 1;
    await new Promise<void>((resolve) => {
      found = resolve;
    });
    yield 2;
  }
  const results = inOrder(source(), async (item) => item, WINDOW);
  expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 1]);
  const third = results.next();
  await settle();
  found();
  expect((await third).value).toBe(2);
  expect((await results.next()).done).toBe(true);
});

test("an error is thrown in its turn, and nothing is started after it", async () => {
  const { started, work, end, fail } = manualWork();
  const results = inOrder(numbers(10), work, WINDOW);
  const first = results.next();
  await settle();
  fail(1);
  end(0);
  expect((await first).value).toBe(0);
  const second = results.next();
  for (const item of [2, 3, 4]) {
    await settle();
    end(item);
  }
  await expect(second).rejects.toThrow("item 1");
  const before = [...started];
  await settle();
  expect(started).toEqual(before);
});

test("a reader that stops early closes the source, after the work that has begun", async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* numbers(10);
    } finally {
      isClosed = true;
    }
  }
  const { started, work, end } = manualWork();
  const results = inOrder(source(), work, WINDOW);
  const first = results.next();
  await settle();
  end(0);
  await first;
  let isReturned = false;
  const returning = results.return(undefined).then(() => {
    isReturned = true;
  });
  await settle();
  expect({ isClosed, isReturned }).toEqual({ isClosed: true, isReturned: false });
  for (const item of started) end(item);
  await returning;
  expect(started.length).toBeLessThanOrEqual(WINDOW.items);
});
