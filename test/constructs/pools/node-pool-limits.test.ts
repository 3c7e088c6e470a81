import { fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool, nodePoolProblems } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

const props: NodePoolProps = { name: "general", instanceTypes: ["t3.large"], capacity: fromZero(5) };
const messages = (changes: Partial<NodePoolProps>) => nodePoolProblems({ ...props, ...changes }).map(describeProblem);
const figures = { vCpus: 2, memoryGiB: 8, networkInterfaces: 3, addressesPerInterface: 10 };
const additionalInstanceTypes = {
  "x1.one": { ...figures, gpus: 1, accelerator: "nvidia-l4" },
  "x1.two": { ...figures, gpus: 2, accelerator: "nvidia-l4" },
  "x1.none": figures,
};

describe("a node pool", () => {
  test("has a name of 30 characters at most", () => {
    expect(messages({ name: "a".repeat(30) })).toEqual([]);
    expect(messages({ name: "a".repeat(31) })).toHaveLength(1);
  });

  test("has volumes of 20 to 16384 GiB", () => {
    for (const volumeSizeGiB of [20, 16384]) expect(messages({ volumeSizeGiB })).toEqual([]);
    expect([19, 16385, 20.5].flatMap((volumeSizeGiB) => messages({ volumeSizeGiB }))).toEqual([
      "volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 19: use 20 or more",
      "volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 16385: round it, or use 16384 or less",
      "volumeSizeGiB must be a whole number of GiB from 20 to 16384, got 20.5: round it, or use 16384 or less",
    ]);
  });

  test("names each type once, and at least one", () => {
    expect(messages({ instanceTypes: [] })).toEqual([
      'instanceTypes must be at least one type, got []: add for example "c5.2xlarge"',
    ]);
    expect(messages({ instanceTypes: ["t3.large", "t3a.large", "t3.large", "t3a.large"] })).toEqual([
      'instanceTypes must be a list without duplicates, got ["t3.large","t3a.large","t3.large","t3a.large"]: remove the second t3.large and the second t3a.large',
    ]);
  });

  test("has types of one size: vCPUs, memory and GPUs", () => {
    expect(messages({ instanceTypes: ["t3.large", "m5.large"] })).toEqual([]);
    expect(messages({ additionalInstanceTypes, gpu: true, instanceTypes: ["x1.one", "x1.two"] })).toEqual([
      "instanceTypes must be types with the same vCPUs, memory and GPUs, got x1.one (2 vCPU, 8 GiB, 1 GPU), x1.two (2 vCPU, 8 GiB, 2 GPU): the autoscaler simulates the first type only, so keep those with 2 vCPU, 8 GiB, 1 GPU, or make a pool for each size",
    ]);
  });

  test("has GPUs in all of its types or in none", () => {
    const mixed = messages({ additionalInstanceTypes, gpu: true, instanceTypes: ["x1.one", "x1.none"] });
    expect(mixed).toHaveLength(2);
    expect(mixed[1]).toMatch(
      /^instanceTypes must be types with a GPU in a pool with gpu: true, got \["x1.one","x1.none"\]/,
    );
    expect(messages({ instanceTypes: ["g4dn.xlarge"] })).toHaveLength(1);
    expect(messages({ instanceTypes: ["g4dn.xlarge"], gpu: true })).toEqual([]);
  });

  test("with several GPUs in a node tells the autoscaler how many", () => {
    const pool = new NodePool({ ...props, additionalInstanceTypes, gpu: true, instanceTypes: ["x1.two"] });
    expect(pool.allocatable.gpus).toBe(2);
    expect(pool.autoscalerTags).toMatchObject({
      "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu": "2",
      "k8s.io/cluster-autoscaler/node-template/label/k8s.amazonaws.com/accelerator": "nvidia-l4",
    });
  });

  test("without GPUs has no label of a GPU, and no tag of one", () => {
    const pool = new NodePool({ ...props, labels: { a: "b" } });
    expect(pool.labels).toEqual({ a: "b", "node-pool": "general" });
    expect(Object.keys(pool.autoscalerTags).filter((key) => /gpu|accelerator/.test(key))).toEqual([]);
  });

  test("leaves each of the labels that it derives to itself", () => {
    const labels = { "node-pool": "a", "nvidia.com/gpu.present": "b", "k8s.amazonaws.com/accelerator": "c" };
    expect(messages({ labels })).toEqual([
      'labels.node-pool must be left to the pool, which derives it, got "a": remove the label',
      'labels["nvidia.com/gpu.present"] must be left to the pool, which derives it, got "b": remove the label',
      'labels["k8s.amazonaws.com/accelerator"] must be left to the pool, which derives it, got "c": remove the label',
    ]);
  });

  test("says first that a type is unknown, and nothing about sizes then", () => {
    expect(messages({ instanceTypes: ["t3.large", "z9.huge"] })).toHaveLength(1);
    expect(() => new NodePool({ ...props, name: "A" })).toThrow(/^node pool "A" has 1 problem:\n {2}- name must/);
  });
});
