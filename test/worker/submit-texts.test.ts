import { describeStall, describeSubmitted } from "../../worker/src/commands/submission.ts";

describe("texts", () => {
  const most = { slots: 2, maxExecutors: 50 };
  const submitted = (sizing: Parameters<typeof describeSubmitted>[0]["sizing"]) => ({
    isUnderWay: false,
    committed: 0,
    pending: 10_000_000,
    messages: 8,
    sizing,
  });

  test("what was sent, and why", () => {
    expect(describeSubmitted(submitted({ coreSeconds: 125, isLeast: false, executors: 1 }), "queue", most)).toEqual([
      "Estimate: 2 min 5 s of one core for 10,000,000 parameters, from a sample on this machine",
      "Sent: 8 messages to queue, for 1 executor, with 2 slots each",
    ]);
    expect(describeSubmitted(submitted({ coreSeconds: 1e6, isLeast: true, executors: 50 }), "queue", most)).toEqual([
      "Estimate: more than 11 d 13 h of one core for 10,000,000 parameters, from a sample on this machine",
      "Sent: 8 messages to queue, for 50 executors (the queue has at most 50), with 2 slots each",
    ]);
    expect(
      describeSubmitted(submitted({ coreSeconds: undefined, isLeast: false, executors: 5 }), "queue", most),
    ).toEqual(["Sent: 8 messages to queue, for 5 executors, with 2 slots each"]);
    expect(
      describeSubmitted(submitted({ coreSeconds: undefined, isLeast: false, executors: 51 }), "queue", most),
    ).toEqual(["Sent: 8 messages to queue, for 51 executors (the queue has at most 50), with 2 slots each"]);
  });

  test.each([
    [undefined, "nothing was committed for 4 min, and queue does not tell how many messages it has"],
    [
      { waiting: 3, inFlight: 2, delayed: 0 },
      "nothing was committed for 4 min: 3 messages waiting and 2 in work, those of other runs included. Executors work on parameters that take long, or end again and again: see their logs",
    ],
    [
      { waiting: 1, inFlight: 0, delayed: 0 },
      "nothing was committed for 4 min: 1 message waiting and 0 in work, those of other runs included. No executor takes them: see whether the executors' pods are pending (kubectl get pods), and why (kubectl describe pod)",
    ],
    [
      { waiting: 0, inFlight: 0, delayed: 0 },
      "nothing was committed for 4 min: 0 messages waiting and 0 in work, those of other runs included. Messages may have been given up: sweep status place with --dead-letter-queue names them, and sweep resume place --queue queue sends what is missing again",
    ],
  ])("why nothing moves, with %j", (counts, text) => {
    expect(describeStall(240, counts, "place", "queue")).toBe(text);
  });
});
