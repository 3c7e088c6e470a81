import { Leases } from "../../worker/src/queue/leases.ts";
import type { Delivery } from "../../worker/src/queue/message-queue.ts";
import { MemoryQueue } from "../support/memory-queue.ts";

const message = { format: "sweep-range/1", run: "run", start: 0, count: 10 } as const;

async function received(queue: MemoryQueue): Promise<Delivery> {
  queue.add(message);
  const [delivery] = await queue.receive(1, 0);
  return delivery as Delivery;
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("all leases are renewed with one request after a third of their time, until the last message is released", async () => {
  const queue = new MemoryQueue();
  const extended: number[] = [];
  const { extend } = queue;
  queue.extend = (deliveries) => {
    extended.push(deliveries.length);
    return extend.call(queue, deliveries);
  };
  const leases = new Leases(queue, 60);
  const [first, second] = [await received(queue), await received(queue)];
  leases.hold(first, () => {});
  leases.hold(second, () => {});
  await jest.advanceTimersByTimeAsync(19_999);
  expect(extended).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(extended).toEqual([2]);
  leases.release(first);
  await jest.advanceTimersByTimeAsync(20_000);
  expect(extended).toEqual([2, 1]);
  leases.release(second);
  await jest.advanceTimersByTimeAsync(200_000);
  expect(extended).toEqual([2, 1]);
});

test("a lease that the queue calls ended is lost once, and the others stay", async () => {
  const queue = new MemoryQueue();
  const leases = new Leases(queue, 60);
  const lost: string[] = [];
  leases.hold(await received(queue), () => lost.push("first"));
  queue.expire();
  await queue.receive(1, 0);
  leases.hold(await received(queue), () => lost.push("second"));
  await jest.advanceTimersByTimeAsync(300_000);
  expect(lost).toEqual(["first"]);
});

test.each(["fails", "does not answer"])("a lease is lost when the queue %s for as long as it lasts", async (how) => {
  const queue = new MemoryQueue();
  const leases = new Leases(queue, 60);
  const lost = jest.fn();
  leases.hold(await received(queue), lost);
  await jest.advanceTimersByTimeAsync(20_000);
  queue.extend = () => (how === "fails" ? Promise.reject(new Error("away")) : new Promise(() => {}));
  await jest.advanceTimersByTimeAsync(59_999);
  expect(lost).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1);
  expect(lost).toHaveBeenCalledTimes(1);
});
