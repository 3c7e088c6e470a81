import { dynamic, fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { poolKindLabel } from "../../../constructs/pools/pool-kind.ts";
import type { Taint } from "../../../constructs/support/kubernetes-syntax.ts";
import { prod } from "../../../environments.ts";

const red: Taint = { key: "colour", value: "red", effect: "NoSchedule" };
const blue: Taint = { key: "size", value: "blue", effect: "NoExecute" };
const zoneA: NodePoolProps = {
  name: "executor-a",
  instanceTypes: ["c5.2xlarge", "c5a.2xlarge"],
  capacity: fromZero(10),
  capacityType: "SPOT",
  labels: { "workload-type": "executor", "executor-size": "large" },
  taints: [red, blue],
  availabilityZones: ["us-west-2a"],
};
const labelsOf = (props: NodePoolProps) => new NodePool(props).labels;

/** The comparison of cluster-autoscaler 1.35.2 with `--balancing-label`: processors/nodegroupset/label_nodegroups.go. */
function share(...[one, other]: readonly [NodePoolProps, NodePoolProps]): boolean {
  const [first, second] = [labelsOf(one)[poolKindLabel], labelsOf(other)[poolKindLabel]];
  return first !== undefined && second !== undefined && first === second;
}

describe("two pools share a purchase", () => {
  test.each<[string, Partial<NodePoolProps>]>([
    ["their zones", { availabilityZones: ["us-west-2b"] }],
    ["one of them taking all zones", { availabilityZones: undefined }],
    ["their numbers of nodes", { capacity: dynamic(1, 3) }],
    ["the order of labels", { labels: { "executor-size": "large", "workload-type": "executor" } }],
    ["the order of taints", { taints: [blue, red] }],
    ["defaults that one of them writes", { gpu: false, volumeSizeGiB: 50 }],
    ["figures of types that others use", { additionalInstanceTypes: { "x9.large": { vCpus: 1 } as never } }],
  ])("where the difference is their names and %s", (_, changes) => {
    expect(share(zoneA, { ...zoneA, name: "executor-b", ...changes })).toBe(true);
  });

  test.each<[string, Partial<NodePoolProps>]>([
    ["another purchase option, which costs three times as much", { capacityType: "ON_DEMAND" }],
    ["other machines", { instanceTypes: ["c5.2xlarge"] }],
    ["another first machine", { instanceTypes: ["c5a.2xlarge", "c5.2xlarge"] }],
    ["another label", { labels: { "workload-type": "service", "executor-size": "large" } }],
    ["one label less", { labels: { "workload-type": "executor" } }],
    ["another taint", { taints: [red] }],
    ["another effect of a taint", { taints: [red, { ...blue, effect: "NoSchedule" }] }],
    ["another volume", { volumeSizeGiB: 100 }],
  ])("but never with %s", (_, changes) => {
    expect(share(zoneA, { ...zoneA, name: "executor-b", ...changes })).toBe(false);
  });
});

test("the pools of an environment have purposes of their own, so that none shares with another", () => {
  const kinds = Object.entries(prod.nodePools).map(([name, pool]) => labelsOf({ name, ...pool })[poolKindLabel]);
  expect(new Set(kinds).size).toBe(Object.keys(prod.nodePools).length);
});

test("a template from zero has the label, too, and it is a label's value", () => {
  const { autoscalerTags, labels } = new NodePool(zoneA);
  expect(labels[poolKindLabel]).toMatch(/^[0-9a-f]{16}$/);
  expect(autoscalerTags[`k8s.io/cluster-autoscaler/node-template/label/${poolKindLabel}`]).toBe(labels[poolKindLabel]);
});
