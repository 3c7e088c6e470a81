import {
  dnsLabelProblems,
  labelProblems,
  type Taint,
  taintProblems,
} from "../../../constructs/support/kubernetes-syntax.ts";
import { describeProblem, within } from "../../../constructs/support/problems.ts";

const key = "[prefix/]name, with a DNS subdomain as prefix and up to 63 letters, digits, -, _ and . as name";
const characters = "use only these characters, with a letter or digit at the beginning and at the end";

describe("labels", () => {
  const messages = (labels: Record<string, string>) => within(["labels"], labelProblems(labels)).map(describeProblem);

  test.each([
    { "workload-type": "executor" },
    { "example.com/team": "" },
    { a: `${"b".repeat(62)}c` },
    { [`${"a".repeat(18)}.b/${"c".repeat(61)}`]: "1" },
  ])("may be %j", (labels) => {
    expect(messages(labels)).toEqual([]);
  });

  test.each([
    [{ "-a": "b" }, `labels.-a must be a key of the form ${key}, got "-a": ${characters}`],
    [
      { "Example.com/a": "b" },
      `labels["Example.com/a"] must be a key of the form ${key}, got "Example.com/a": ${characters}`,
    ],
    [
      { [`${"a".repeat(18)}.b/${"c".repeat(62)}`]: "1" },
      `labels["${"a".repeat(18)}.b/${"c".repeat(62)}"] must be a key of at most 82 characters, got 83 characters: shorten the key, which is part of the tag that the autoscaler reads`,
    ],
    [
      { "node.kubernetes.io/a": "b" },
      'labels["node.kubernetes.io/a"] must be a key without the reserved prefixes kubernetes.io, k8s.io and eks.amazonaws.com, got "node.kubernetes.io/a": remove the prefix, or use a domain of your own',
    ],
    [{ a: "b!" }, `labels.a must be empty, or up to 63 letters, digits, -, _ and ., got "b!": ${characters}`],
    [
      { a: "b".repeat(64) },
      `labels.a must be empty, or up to 63 letters, digits, -, _ and ., got "${"b".repeat(64)}": ${characters}`,
    ],
  ])("may not be %j", (labels, message) => {
    expect(messages(labels as Record<string, string>)).toEqual([message]);
  });
});

describe("taints", () => {
  const messages = (...taints: Taint[]) => within(["taints"], taintProblems(taints)).map(describeProblem);

  test("may have one key with several effects", () => {
    expect(messages({ key: "a", effect: "NoSchedule" }, { key: "a", effect: "NoExecute" })).toEqual([]);
  });

  test("have each key once for each effect", () => {
    expect(
      messages({ key: "a", value: "b", effect: "NoSchedule" }, { key: "a", value: "c", effect: "NoSchedule" }),
    ).toEqual([
      'taints[1] must be unique by key and effect, got a second "a:NoSchedule": remove this taint, or change its key or its effect',
    ]);
  });

  test("have Kubernetes' effects, keys and values", () => {
    expect(messages({ key: "", value: "?", effect: "NO_SCHEDULE" as never })).toEqual([
      `taints[0].key must be a key of the form ${key}, got "": ${characters}`,
      `taints[0].value must be empty, or up to 63 letters, digits, -, _ and ., got "?": ${characters}`,
      `taints[0].effect must be NoSchedule, PreferNoSchedule or NoExecute, got "NO_SCHEDULE": use Kubernetes' spelling, from which EKS's own (NO_SCHEDULE) is derived`,
    ]);
  });
});

test.each([
  ["Executor Large", "executor-large"],
  ["1st", "st"],
  ["???", "general"],
  [`${"a".repeat(29)}-b`, "a".repeat(29)],
])("the name %s is no DNS label, and %s is proposed", (name, proposed) => {
  const allowed = "a lower-case letter followed by lower-case letters, digits and hyphens, at most 30 characters";
  expect(within(["name"], dnsLabelProblems(name, 30)).map(describeProblem)).toEqual([
    `name must be ${allowed}, got "${name}": use for example "${proposed}"`,
  ]);
  expect(dnsLabelProblems(proposed, 30)).toEqual([]);
});
