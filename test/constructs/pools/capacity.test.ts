import {
  type Capacity,
  capacityProblems,
  dynamic,
  fixed,
  fromZero,
  showCapacity,
} from "../../../constructs/pools/capacity.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

const messages = (capacity: Capacity) =>
  capacityProblems(capacity).map((problem) => describeProblem({ ...problem, path: ["capacity"] }));

describe("capacity", () => {
  test("is written in the user's words and means a minimum and a maximum", () => {
    expect(fixed(5)).toMatchObject({ min: 5, max: 5 });
    expect(dynamic(2, 20)).toMatchObject({ min: 2, max: 20 });
    expect(fromZero(50)).toMatchObject({ min: 0, max: 50 });
  });

  test.each([fixed(5), dynamic(2, 20), dynamic(0, 1), fromZero(50), fromZero(450)])("accepts %j", (capacity) => {
    expect(messages(capacity)).toEqual([]);
  });

  test("is shown as its author wrote it", () => {
    expect([fixed(5), dynamic(2, 20), fromZero(50)].map(showCapacity)).toEqual([
      "fixed(5)",
      "dynamic(2, 20)",
      "fromZero(50)",
    ]);
  });

  test.each<[string, Capacity, string]>([
    [
      "a minimum above the maximum",
      dynamic(20, 2),
      "capacity must be a range from a smaller to a larger number, got dynamic(20, 2): write dynamic(2, 20)",
    ],
    ["half a node", fixed(2.5), "capacity must be written in whole numbers from 0, got fixed(2.5): use whole nodes"],
    [
      "fewer than no nodes",
      dynamic(-1, 2),
      "capacity must be written in whole numbers from 0, got dynamic(-1, 2): use whole nodes",
    ],
    [
      "a pool that may never have a node",
      fromZero(0),
      "capacity must be at least 1 node, got fromZero(0): EKS has no empty node groups, so allow 1 node or remove the pool",
    ],
    [
      "more nodes than a group can have",
      fromZero(451),
      "capacity must be at most 450 nodes, got fromZero(451): EKS allows no larger node group, so add a second pool with the same labels and taints",
    ],
    [
      "a fixed capacity that was edited by hand into a range",
      { mode: "fixed", min: 1, max: 5 },
      "capacity must be a fixed number of nodes, got min 1 and max 5: write dynamic(1, 5)",
    ],
    [
      "a capacity from zero that does not begin there",
      { mode: "fromZero", min: 1, max: 5 },
      "capacity must be a range from 0, got min 1 and max 5: write dynamic(1, 5)",
    ],
  ])("refuses %s", (_, capacity, message) => {
    expect(messages(capacity)).toEqual([message]);
  });
});
