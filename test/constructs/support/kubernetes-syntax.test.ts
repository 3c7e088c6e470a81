import { Lazy } from "cdktf";
import fc from "fast-check";
import {
  dnsLabelProblems,
  labelProblems,
  type Taint,
  taintProblems,
  taintSchema,
} from "../../../constructs/support/kubernetes-syntax.ts";
import { describeProblem, type Problem } from "../../../constructs/support/problems.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

const messages = (problems: readonly Problem[]) => problems.map(describeProblem);
const keyForm = "[prefix/]name, with a DNS subdomain as prefix and up to 63 letters, digits, -, _ and . as name";
const outer = "use only these characters, with a letter or digit at the beginning and at the end";
const subdomain = (length: number) => `${"a".repeat(length - 4)}.com`;

describe("the key of a label or taint", () => {
  const taint = (key: string) => messages(taintProblems([{ key, effect: "NoSchedule" }]));

  test.each([
    "a",
    "A",
    "0",
    "a-b",
    "a_b",
    "a.b",
    "Z9",
    "b".repeat(63),
    "a/b",
    "a.b-c.d/E_f",
    "0.1/a",
    `${subdomain(61)}/a`,
  ])("may be %s", (key) => {
    expect(taint(key)).toEqual([]);
    expect(labelProblems({ [key]: "v" })).toEqual([]);
  });

  test.each([
    "",
    "-a",
    "a-",
    ".a",
    "a.",
    "_a",
    "a_",
    "a b",
    "a!",
    "b".repeat(64),
    "/a",
    "a/",
    "a/b/c",
    "A/b",
    "a_b/c",
    "-a/b",
    "a-/b",
    "a..b/c",
    "a./b",
    ".a/b",
    "a.-b/c",
    "a.b-/c",
    "a b/c",
  ])("may not be %s", (key) => {
    const message = `must be a key of the form ${keyForm}, got ${JSON.stringify(key)}: ${outer}`;
    expect(taint(key)).toEqual([`[0].key ${message}`]);
    expect(labelProblems({ [key]: "v" }).map((problem) => describeProblem({ ...problem, path: ["key"] }))).toEqual([
      `key ${message}`,
    ]);
  });

  test("has a prefix of 253 characters at most", () => {
    expect(taint(`${subdomain(254)}/a`)).toHaveLength(1);
    expect(taint(`${subdomain(254)}/a`)[0]).toContain(keyForm);
    // Shorter ones are still too long for EKS.
    expect(taint(`${subdomain(253)}/a`)[0]).toContain("at most 63 characters, got 255 characters");
  });

  test("has 63 characters at most, as EKS's API", () => {
    expect(taint(`${subdomain(61)}/a`)).toEqual([]);
    expect(taint(`${subdomain(62)}/a`)).toEqual([
      "[0].key must be a key of at most 63 characters, got 64 characters: EKS takes no longer one, so shorten the key or its prefix",
    ]);
  });

  test.each(["kubernetes.io/a", "k8s.io/a", "node.kubernetes.io/a", "x.k8s.io/a", "eks.amazonaws.com/a"])(
    "of a label may not be %s, which EKS keeps for itself",
    (key) => {
      expect(messages(labelProblems({ [key]: "b" }))).toEqual([
        `["${key}"] must be a key without the reserved prefixes kubernetes.io, k8s.io and eks.amazonaws.com, got "${key}": remove the prefix, or use a domain of your own`,
      ]);
    },
  );

  test.each([
    "kubernetes.io",
    "k8s.io",
    "mykubernetes.io/a",
    "kubernetes.io.example.com/a",
    "k8sxio/a",
    "x.eks.amazonaws.com/a",
    "eks.amazonaws.com.example/a",
    "a/kubernetes.io",
    "kubernetes.iox",
  ])("of a label may be %s, which only resembles those", (key) => {
    expect(labelProblems({ [key]: "b" })).toEqual([]);
  });
});

describe("the value of a label or taint", () => {
  const label = (value: string) => messages(labelProblems({ a: value }));

  test("may be empty in a taint, and not in a label, which EKS refuses", () => {
    expect(taintProblems([{ key: "a", value: "", effect: "NoExecute" }])).toEqual([]);
    expect(label("")).toEqual([
      'a must be up to 63 letters, digits, -, _ and ., at least one, got "": EKS takes no empty value for a label, so use for example "true"',
    ]);
  });

  test.each(["a", "A.b_c-9", "v".repeat(63)])("may be %j", (value) => {
    expect(label(value)).toEqual([]);
    expect(taintProblems([{ key: "a", value, effect: "NoExecute" }])).toEqual([]);
  });

  test.each(["-a", "a b", "v".repeat(64), "a/b"])("may not be %j", (value) => {
    const message = `must be empty, or up to 63 letters, digits, -, _ and ., got ${JSON.stringify(value)}: ${outer}`;
    expect(label(value)).toEqual([`a ${message}`]);
    expect(messages(taintProblems([{ key: "a", value, effect: "NoExecute" }]))).toEqual([`[0].value ${message}`]);
  });

  test("is left to Kubernetes where only Terraform knows it", () => {
    const value = Lazy.stringValue({ produce: () => "not a value!" });
    expect(label(value)).toEqual([]);
  });
});

describe("taints", () => {
  const taint = (key: string, effect: Taint["effect"] | "NO_SCHEDULE") => ({ key, effect }) as Taint;

  test("have an effect in Kubernetes' spelling", () => {
    expect(messages(taintProblems([taint("a", "NO_SCHEDULE")]))).toEqual([
      `[0].effect must be NoSchedule, PreferNoSchedule or NoExecute, got "NO_SCHEDULE": use Kubernetes' spelling, from which EKS's own (NO_SCHEDULE) is derived`,
    ]);
  });

  test("may repeat a key with another effect, and an effect with another key, but not both", () => {
    expect(taintProblems([taint("a", "NoSchedule"), taint("a", "NoExecute"), taint("b", "NoSchedule")])).toEqual([]);
    expect(
      messages(taintProblems([taint("a", "NoSchedule"), taint("b", "NoSchedule"), taint("a", "NoSchedule")])),
    ).toEqual([
      '[2] must be unique by key and effect, got a second "a:NoSchedule": remove this taint, or change its key or its effect',
    ]);
  });

  test("have these fields and no others", () => {
    expect(fieldsOf(taintSchema)).toEqual([
      `key; must be ${keyForm}; example "workload-type"`,
      'value?; must be empty, or up to 63 letters, digits, -, _ and .; example "executor"; default ""',
      'effect; NoSchedule PreferNoSchedule NoExecute; example "NoSchedule"',
    ]);
    expect(taintSchema.meta()?.example).toEqual({ key: "workload-type", value: "executor", effect: "NoSchedule" });
    expect(fieldsThatMisbehave(taintSchema)).toEqual([]);
    expect(taintSchema.safeParse({ key: "a", value: "b", effect: "NoSchedule" }).success).toBe(true);
    expect(taintSchema.safeParse({ key: "a", effect: "NoExecute" }).success).toBe(true);
    for (const wrong of [
      { key: "a" },
      { effect: "NoSchedule" },
      { key: "a", effect: "No" },
      { ...taint("a", "NoExecute"), x: 1 },
    ]) {
      expect(taintSchema.safeParse(wrong).success).toBe(false);
    }
  });
});

describe("a DNS label", () => {
  test.each(["a", "abc", "a-b", "a0", "a--b", "a".repeat(30)])("may be %s", (name) => {
    expect(dnsLabelProblems(name, 30)).toEqual([]);
  });

  test.each([
    ["", "general"],
    ["???", "general"],
    ["123", "general"],
    ["Sweep!", "sweep"],
    ["My Pool_name", "my-pool-name"],
    ["9-lives", "lives"],
    ["1st", "st"],
    ["-a-", "a"],
    ["a--", "a"],
    ["x".repeat(31), "x".repeat(30)],
    [`${"x".repeat(29)}--yz`, "x".repeat(29)],
    ["a.b", "a-b"],
    ["a !? b", "a-b"],
    ["aB", "ab"],
  ])("may not be %j, and could be %j", (name, example) => {
    expect(messages(dnsLabelProblems(name, 30))).toEqual([
      `the value must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 30 characters, got ${JSON.stringify(name)}: use for example ${JSON.stringify(example)}`,
    ]);
  });

  test("that an error proposes is one, for every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 7, max: 63 }), (name, length) => {
        const [problem] = dnsLabelProblems(name, length);
        const proposed = JSON.parse(/^use for example (.*)$/s.exec(problem?.fix ?? "")?.[1] ?? '"none"');
        expect(dnsLabelProblems(proposed, length)).toEqual([]);
      }),
    );
  });
});
