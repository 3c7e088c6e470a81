import { type ExecutorSize, executorsOfSize, type NodeTarget } from "../../constructs/pools/node-target.ts";
import type { ExecutorsProps } from "../../constructs/queue/executors.ts";
import { prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith } from "./fixtures.ts";
import { pool, testImage } from "./workload.ts";

/** All pools of prod of a size. */
export function executorNodes(size: ExecutorSize): NodeTarget {
  const target = executorsOfSize(Object.keys(prod.nodePools).map(pool), size);
  if (target === undefined) throw new Error(`there is no pool of the size ${size}`);
  return target;
}

/** Large executors, with changes. */
export function executorsProps(changes: Partial<ExecutorsProps> = {}): ExecutorsProps {
  const { size = "large" } = changes;
  return {
    size,
    target: executorNodes(size),
    namespace: "sweep",
    serviceAccountName: `executor-${size}`,
    image: testImage(),
    region: "us-west-2",
    queue: { queueUrl: "https://sqs.us-west-2.amazonaws.com/111122223333/dev-large" },
    resultsRoot: "s3://bucket/runs/queue",
    dependsOn: [],
    ...changes,
  };
}

/** The dev environment with a job and executors of two sizes. */
export const devWithExecutors: Environment = devWithExecutorsAnd({});

/** The dev environment with executors of two sizes, and a changed workload. */
export function devWithExecutorsAnd(changes: Partial<Environment["workload"]>): Environment {
  const small = { size: "small", max: 3, cpuRequestMillis: 1500, memoryRequestMiB: 3072 } as const;
  const { workload } = devWith({});
  return devWith({ workload: { ...workload, executors: [{ size: "large", max: 18 }, small], ...changes } });
}
