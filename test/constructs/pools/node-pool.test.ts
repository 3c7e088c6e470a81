import { Lazy } from "cdktf";
import { dynamic, fromZero } from "../../../constructs/pools/capacity.ts";
import type { InstanceType } from "../../../constructs/pools/instance-types.ts";
import { NodePool, nodePoolProblems } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { messageOf } from "../../support/synthesized.ts";

const general: NodePoolProps = { name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) };
const executor: NodePoolProps = {
  name: "executor",
  instanceTypes: ["c5.2xlarge", "c5a.2xlarge"],
  capacity: fromZero(50),
  capacityType: "SPOT",
  labels: { "workload-type": "executor" },
  taints: [{ key: "workload-type", value: "executor", effect: "NoSchedule" }],
};
const gpu: NodePoolProps = {
  name: "gpu",
  instanceTypes: ["g4dn.xlarge"],
  capacity: fromZero(5),
  gpu: true,
  taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
};

const figures = { vCpus: 2, memoryGiB: 8, networkInterfaces: 3, addressesPerInterface: 10 };
const additionalInstanceTypes = {
  "x1.one": { ...figures, gpus: 1, accelerator: "nvidia-l4" },
  "x1.two": { ...figures, gpus: 2, accelerator: "nvidia-l4" },
  "x1.none": figures,
};
const messages = (changes: Partial<NodePoolProps>) => nodePoolProblems({ ...general, ...changes }).map(describeProblem);

describe("a node pool", () => {
  test("is on demand, untainted, without GPU and with 50 GiB by default", () => {
    expect(new NodePool(general)).toMatchObject({
      capacityType: "ON_DEMAND",
      taints: [],
      gpu: false,
      volumeSizeGiB: 50,
      amiType: "AL2023_x86_64_STANDARD",
      availabilityZones: undefined,
    });
  });

  test("writes its taints once for EKS and once for pods", () => {
    const pool = new NodePool(executor);
    expect(pool.eksTaints).toEqual([{ key: "workload-type", value: "executor", effect: "NO_SCHEDULE" }]);
    expect(pool.tolerations).toEqual([
      { key: "workload-type", operator: "Equal", value: "executor", effect: "NoSchedule" },
    ]);
  });

  test.each([
    ["NoSchedule", "NO_SCHEDULE"],
    ["PreferNoSchedule", "PREFER_NO_SCHEDULE"],
    ["NoExecute", "NO_EXECUTE"],
  ] as const)("translates the effect %s into EKS's %s", (effect, translated) => {
    const pool = new NodePool({ ...general, taints: [{ key: "a", effect }] });
    expect(pool.eksTaints).toEqual([{ key: "a", value: "", effect: translated }]);
    expect(pool.tolerations).toEqual([{ key: "a", operator: "Equal", value: "", effect }]);
  });

  test("is selected by its own name, so that pools with equal labels stay apart", () => {
    const pool = new NodePool(executor);
    expect(pool.nodeSelector).toEqual({ "node-pool": "executor" });
    expect(pool.labels).toMatchObject(pool.nodeSelector);
  });

  test("describes its nodes to the autoscaler exactly", () => {
    expect(new NodePool(executor).autoscalerTags).toEqual({
      "k8s.io/cluster-autoscaler/node-template/label/workload-type": "executor",
      "k8s.io/cluster-autoscaler/node-template/label/node-pool": "executor",
      "k8s.io/cluster-autoscaler/node-template/label/node-pool-kind": expect.stringMatching(/^[0-9a-f]{16}$/),
      "k8s.io/cluster-autoscaler/node-template/taint/workload-type": "executor:NoSchedule",
      "k8s.io/cluster-autoscaler/node-template/resources/cpu": "7910m",
      "k8s.io/cluster-autoscaler/node-template/resources/memory": "14244Mi",
      "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage": "44595Mi",
      "k8s.io/cluster-autoscaler/node-template/resources/pods": "58",
    });
  });

  test("with a GPU boots NVIDIA's image and carries what the device plugin and the autoscaler look for", () => {
    const pool = new NodePool(gpu);
    expect(pool.amiType).toBe("AL2023_x86_64_NVIDIA");
    expect(pool.labels).toMatchObject({
      "nvidia.com/gpu.present": "true",
      "k8s.amazonaws.com/accelerator": "nvidia-tesla-t4",
    });
    expect(pool.autoscalerTags).toMatchObject({
      "k8s.io/cluster-autoscaler/node-template/label/nvidia.com/gpu.present": "true",
      "k8s.io/cluster-autoscaler/node-template/label/k8s.amazonaws.com/accelerator": "nvidia-tesla-t4",
      "k8s.io/cluster-autoscaler/node-template/taint/nvidia.com/gpu": "true:NoSchedule",
      "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu": "1",
    });
  });

  const ofTypes = (...instanceTypes: string[]) => new NodePool({ ...general, instanceTypes });
  test.each([
    ["m5.large", ofTypes("m5.large"), "x86_64", "AL2023_x86_64_STANDARD"],
    ["m7g.large and m8gd.large", ofTypes("m7g.large", "m8gd.large"), "arm64", "AL2023_ARM_64_STANDARD"],
    ["g4dn.xlarge", new NodePool(gpu), "x86_64", "AL2023_x86_64_NVIDIA"],
    ["g5g.xlarge", new NodePool({ ...gpu, instanceTypes: ["g5g.xlarge"] }), "arm64", "AL2023_ARM_64_NVIDIA"],
  ])("of %s has that architecture and its image", (_, { architecture, amiType }, ...expected) => {
    expect([architecture, amiType]).toEqual(expected);
  });

  test("has the architecture that the figures of an added type give, or else the one of its name", () => {
    const architecture = (name: string, figures: InstanceType) =>
      new NodePool({ ...general, instanceTypes: [name], additionalInstanceTypes: { [name]: figures } }).architecture;
    expect(architecture("c99g.large", figures)).toBe("arm64");
    expect(architecture("c99i.large", figures)).toBe("x86_64");
    expect(architecture("c99i.large", { ...figures, architecture: "arm64" })).toBe("arm64");
  });

  test("writes a taint without a value as a colon and the effect, which the autoscaler would otherwise ignore", () => {
    const pool = new NodePool({ ...general, taints: [{ key: "batch", effect: "NoExecute" }] });
    expect(pool.autoscalerTags["k8s.io/cluster-autoscaler/node-template/taint/batch"]).toBe(":NoExecute");
  });

  test("takes the figures of a type that the table lacks", () => {
    const figures = { vCpus: 2, memoryGiB: 16, networkInterfaces: 3, addressesPerInterface: 10 };
    const pool = new NodePool({
      ...general,
      instanceTypes: ["r99.large"],
      additionalInstanceTypes: { "r99.large": figures },
    });
    expect(pool.allocatable).toMatchObject({ cpuMillis: 1930, pods: 29 });
  });

  test("has a name of 30 characters at most", () => {
    expect(messages({ name: "a".repeat(30) })).toEqual([]);
    expect(messages({ name: "a".repeat(31) })).toEqual([
      expect.stringMatching(/^name must be .*, at most 30 characters, got /),
    ]);
  });

  test("has volumes of 20 to 16384 GiB", () => {
    for (const volumeSizeGiB of [20, 16384]) expect(messages({ volumeSizeGiB })).toEqual([]);
    expect([19, 16385, 20.5].flatMap((volumeSizeGiB) => messages({ volumeSizeGiB }))).toEqual([
      "volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 19: use 20 or more",
      "volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 16385: round it, or use 16384 or less",
      "volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 20.5: round it, or use 16384 or less",
    ]);
  });

  test("with several GPUs in a node tells the autoscaler how many", () => {
    const pool = new NodePool({ ...general, additionalInstanceTypes, gpu: true, instanceTypes: ["x1.two"] });
    expect(pool.allocatable.gpus).toBe(2);
    expect(pool.autoscalerTags).toMatchObject({
      "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu": "2",
      "k8s.io/cluster-autoscaler/node-template/label/k8s.amazonaws.com/accelerator": "nvidia-l4",
    });
  });

  test("without GPUs has no label of a GPU, and no tag of one", () => {
    const pool = new NodePool({ ...general, labels: { a: "b" } });
    expect(pool.labels).toEqual({
      a: "b",
      "node-pool": "general",
      "node-pool-kind": expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(Object.keys(pool.autoscalerTags).filter((key) => /gpu|accelerator/.test(key))).toEqual([]);
  });
});

test("a node pool leaves values known only after apply to Kubernetes", () => {
  const value = Lazy.stringValue({ produce: () => "not a value!" });
  const taints = [{ key: "a", value, effect: "NoSchedule" }] as const;
  expect(() => new NodePool({ ...general, labels: { a: value }, taints })).not.toThrow();
});

describe("a node pool refuses", () => {
  test("an unknown instance type, and says only where its figures go", () => {
    expect(messages({ instanceTypes: ["t3.large", "z9.huge"] })).toEqual([
      'instanceTypes[1] must be an EC2 instance type with known figures, got "z9.huge": check the name, or add the figures of the type as instanceTypes["z9.huge"] (aws ec2 describe-instance-types --instance-types z9.huge)',
    ]);
  });

  test("types of unequal size", () => {
    expect(messages({ instanceTypes: ["c5.2xlarge", "c5.4xlarge"] })).toEqual([
      "instanceTypes must be types with the same vCPUs, memory and GPUs, got c5.2xlarge (8 vCPU, 16 GiB), c5.4xlarge (16 vCPU, 32 GiB): the autoscaler simulates the first type only, so keep those with 8 vCPU, 16 GiB, or make a pool for each size",
    ]);
  });

  test("a GPU type in a pool that does not offer it, and the reverse", () => {
    expect(messages({ instanceTypes: ["g4dn.xlarge"] })).toEqual([
      'instanceTypes must be types without GPU in a pool without gpu: true, got ["g4dn.xlarge"]: no pod could request the GPU, so add gpu: true or choose a type without GPU',
    ]);
    expect(messages({ gpu: true })).toEqual([
      'instanceTypes must be types with a GPU in a pool with gpu: true, got ["t3.large"]: use for example g4dn.xlarge, g5.xlarge or g6.xlarge, or remove gpu',
    ]);
  });

  test("a list without a type, and one that repeats types", () => {
    expect(messages({ instanceTypes: [] })).toEqual([
      'instanceTypes must be at least one type, got []: add for example "c5.2xlarge"',
    ]);
    expect(messages({ instanceTypes: ["t3.large", "t3a.large", "t3.large", "t3a.large"] })).toEqual([
      'instanceTypes must be a list without duplicates, got ["t3.large","t3a.large","t3.large","t3a.large"]: remove the second t3.large and the second t3a.large',
    ]);
  });

  test("types with different numbers of GPUs, but not types that differ in their network alone", () => {
    expect(messages({ instanceTypes: ["t3.large", "m5.large"] })).toEqual([]);
    expect(messages({ additionalInstanceTypes, gpu: true, instanceTypes: ["x1.one", "x1.two"] })).toEqual([
      "instanceTypes must be types with the same vCPUs, memory and GPUs, got x1.one (2 vCPU, 8 GiB, 1 GPU), x1.two (2 vCPU, 8 GiB, 2 GPU): the autoscaler simulates the first type only, so keep those with 2 vCPU, 8 GiB, 1 GPU, or make a pool for each size",
    ]);
  });

  test("a type without GPU beside one with a GPU", () => {
    const mixed = messages({ additionalInstanceTypes, gpu: true, instanceTypes: ["x1.one", "x1.none"] });
    expect(mixed).toHaveLength(2);
    expect(mixed[1]).toMatch(
      /^instanceTypes must be types with a GPU in a pool with gpu: true, got \["x1.one","x1.none"\]/,
    );
  });

  test("each of the labels that it derives", () => {
    const labels = {
      "node-pool": "a",
      "node-pool-kind": "d",
      "nvidia.com/gpu.present": "b",
      "k8s.amazonaws.com/accelerator": "c",
    };
    expect(messages({ labels })).toEqual([
      'labels.node-pool must be left to the pool, which derives it, got "a": remove the label',
      'labels.node-pool-kind must be left to the pool, which derives it, got "d": remove the label',
      'labels["nvidia.com/gpu.present"] must be left to the pool, which derives it, got "b": remove the label',
      'labels["k8s.amazonaws.com/accelerator"] must be left to the pool, which derives it, got "c": remove the label',
    ]);
  });

  test("a taint that Kubernetes refuses", () => {
    expect(messages({ taints: [{ key: "a", value: "?", effect: "NoSchedule" }] })).toEqual([
      expect.stringMatching(/^taints\[0\]\.value must be empty, or up to 63 /),
    ]);
  });

  test("wrong figures of a type that it has, but not those of others", () => {
    const wrong = { ...figures, vCpus: Number.NaN };
    expect(
      messages({ instanceTypes: ["r5.large"], additionalInstanceTypes: { "r5.large": wrong, "r5.xlarge": wrong } }),
    ).toEqual([
      'additionalInstanceTypes["r5.large"].vCpus must be a whole number from 1, got NaN: copy it from aws ec2 describe-instance-types',
    ]);
  });

  test("everything at once, in one message that names the pool", () => {
    const message = messageOf(
      () => new NodePool({ ...general, instanceTypes: [], capacity: dynamic(3, 2), volumeSizeGiB: 8 }),
    );
    expect(message).toBe(
      [
        'node pool "general" has 3 problems:',
        "  - capacity must be a range from a smaller to a larger number, got dynamic(3, 2): write dynamic(2, 3)",
        '  - instanceTypes must be at least one type, got []: add for example "c5.2xlarge"',
        "  - volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 8: use 20 or more",
      ].join("\n"),
    );
  });
});
