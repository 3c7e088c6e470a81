import { ProblemError } from "../../../worker/src/service/problems.ts";
import { Readiness } from "../../../worker/src/service/readiness.ts";
import { detailOf, testApp } from "../../support/service.ts";

describe("readiness", () => {
  test("a place that cannot be listed is 503, and the process is up", async () => {
    const checkReady = async () => {
      throw new ProblemError(503, "the place of the results cannot be listed: no permission", {
        retryAfterSeconds: 10,
      });
    };
    const { request } = testApp({ checkReady });
    const answer = await request("/ready");
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(await detailOf(answer)).toEqual([503, "the place of the results cannot be listed: no permission"]);
    expect(await (await request("/health")).json()).toEqual({ status: "up" });
  });

  test("the place is asked once a minute while it answers, and each ten seconds while it does not", async () => {
    let [now, fails] = [0, false];
    const check = jest.fn(async () => {
      if (fails) throw new Error("away");
    });
    const readiness = new Readiness(check, () => now);
    const askedBy = async (time: number) => {
      now = time;
      await Promise.allSettled([readiness.check(), readiness.check()]);
      return check.mock.calls.length;
    };
    expect(await Promise.all([askedBy(0)])).toEqual([1]);
    expect(await askedBy(59_999)).toBe(1);
    fails = true;
    expect(await askedBy(60_000)).toBe(2);
    await expect(readiness.check()).rejects.toMatchObject({
      status: 503,
      detail: "the place of the results cannot be listed: away",
    });
    expect(await askedBy(69_999)).toBe(2);
    fails = false;
    expect(await askedBy(70_000)).toBe(3);
    await readiness.check();
  });
});
