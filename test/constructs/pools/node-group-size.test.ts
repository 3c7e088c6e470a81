import { dynamic } from "../../../constructs/pools/capacity.ts";
import { sizeConditions } from "../../../constructs/pools/node-group-size.ts";

test("a plan is refused when the nodes that run are more than the maximum, or fewer than the minimum", () => {
  const nodes = "self.scaling_config[0].desired_size";
  const command = (desired: number) =>
    `aws eks update-nodegroup-config --region us-west-2 --cluster-name \${self.cluster_name} --nodegroup-name \${self.node_group_name} --scaling-config minSize=2,maxSize=10,desiredSize=${desired}`;
  expect(sizeConditions("general", dynamic(2, 10), "us-west-2")).toEqual([
    {
      condition: `\${${nodes} <= self.scaling_config[0].max_size}`,
      errorMessage: `The pool general has \${${nodes}} nodes, and EKS takes no maximum below that. Wait until the autoscaler has taken idle nodes away, or drain and end the others now: ${command(10)}`,
    },
    {
      condition: `\${${nodes} >= self.scaling_config[0].min_size}`,
      errorMessage: `The pool general has \${${nodes}} nodes, and EKS takes no minimum above that. Start the others first: ${command(2)}`,
    },
  ]);
});
