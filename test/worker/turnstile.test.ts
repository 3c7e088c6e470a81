import { setImmediate } from "node:timers/promises";
import { Turnstile } from "../../worker/src/engine/turnstile.ts";

/** Something inside that comes out when the test says so. */
function guest(events: string[], name: string) {
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const use = async () => {
    events.push(`${name} in`);
    await left;
    events.push(`${name} out`);
  };
  return { use, leave };
}

test("one that wants to be alone asks the others to leave, waits for them, and goes before those who come later", async () => {
  const turnstile = new Turnstile();
  const events: string[] = [];
  const [first, second, alone, later] = ["first", "second", "alone", "later"].map((name) => guest(events, name));
  const all = [
    turnstile.together(first?.use as () => Promise<void>),
    turnstile.together(second?.use as () => Promise<void>),
    turnstile.alone(() => events.push("asked"), alone?.use as () => Promise<void>),
    turnstile.together(later?.use as () => Promise<void>),
  ];
  await setImmediate();
  expect(events).toEqual(["first in", "second in", "asked"]);
  expect(turnstile.isClosed).toBe(true);
  first?.leave();
  await setImmediate();
  expect(events.slice(3)).toEqual(["first out"]);
  second?.leave();
  await setImmediate();
  expect(events.slice(4)).toEqual(["second out", "alone in"]);
  alone?.leave();
  await setImmediate();
  expect(events.slice(6)).toEqual(["alone out", "later in"]);
  expect(turnstile.isClosed).toBe(false);
  later?.leave();
  await Promise.all(all);
});

test("an error leaves nobody inside", async () => {
  const turnstile = new Turnstile();
  const fail = () => Promise.reject(new Error("inside"));
  await expect(turnstile.together(fail)).rejects.toThrow("inside");
  await expect(turnstile.alone(() => {}, fail)).rejects.toThrow("inside");
  const wrong = () => {
    throw new Error("asked");
  };
  await expect(turnstile.alone(wrong, async () => {})).rejects.toThrow("asked");
  expect(turnstile.isClosed).toBe(false);
  expect(
    await turnstile.alone(
      () => {},
      async () => "alone",
    ),
  ).toBe("alone");
});
