import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { ExecutorScaling } from "../../../constructs/queue/executor-scaling.ts";
import { Executors } from "../../../constructs/queue/executors.ts";
import { executorsProps } from "../../support/executors.ts";
import { temporaryDirectory } from "../../support/sweep.ts";
import { type Synthesized, synthesizeApp } from "../../support/synthesized.ts";

const directory = temporaryDirectory();
const place = { namespace: "sweep", region: "us-west-2", queue: executorsProps().queue };

/** A stack with executors and their scaling. */
function make(slots = 2): Synthesized {
  const app = new App({ outdir: join(directory, `slots-${slots}`), skipValidation: true });
  const stack = new TerraformStack(app, "test");
  const executors = new Executors(stack, "executors", executorsProps({ slots, max: 18 }));
  new ExecutorScaling(stack, "scaling", { ...place, executors, dependsOn: [executors.resource] });
  return synthesizeApp(app).get("test") as Synthesized;
}

const made = make();
const release = made.one("helm_release");
const objects = JSON.parse(release.values[0]).objects;

describe("the autoscaling of executors", () => {
  test("lets KEDA ask with its own identity", () => {
    expect(objects[0]).toEqual({
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      metadata: { name: "executor-large", namespace: "sweep" },
      spec: { podIdentity: { provider: "aws" } },
    });
  });

  test("asks for an executor for as many messages as it has slots, from none to the most", () => {
    const { spec, ...object } = objects[1];
    expect(object).toEqual({
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name: "executor-large", namespace: "sweep" },
    });
    expect(spec).toMatchObject({ scaleTargetRef: { name: "executor-large" }, minReplicaCount: 0, maxReplicaCount: 18 });
    expect(spec.triggers).toEqual([
      {
        type: "aws-sqs-queue",
        metricType: "AverageValue",
        authenticationRef: { name: "executor-large" },
        metadata: {
          queueURL: "https://sqs.us-west-2.amazonaws.com/111122223333/dev-large",
          awsRegion: "us-west-2",
          queueLength: "2",
          scaleOnInFlight: "true",
          scaleOnDelayed: "true",
        },
      },
    ]);
    const one = JSON.parse(make(1).one("helm_release").values[0]).objects[1];
    expect(one.spec.triggers[0].metadata.queueLength).toBe("1");
  });

  test("buys all machines at once, and gives up executors that nobody has needed for five minutes", () => {
    const { pollingInterval, cooldownPeriod, advanced, ...others } = objects[1].spec;
    expect({ pollingInterval, cooldownPeriod }).toEqual({ pollingInterval: 15, cooldownPeriod: 60 });
    expect(advanced.horizontalPodAutoscalerConfig.behavior).toEqual({
      scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 18, periodSeconds: 15 }] },
      scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
    });
    // Without one, executors stay as they are while SQS does not answer.
    expect(others).not.toHaveProperty("fallback");
  });

  test("is made after the Deployment and destroyed before it, and Helm waits until KEDA has let go", () => {
    expect(release).toMatchObject({
      name: "executor-large-scaling",
      namespace: "sweep",
      wait: true,
      depends_on: [made.address("kubernetes_deployment_v1")],
    });
  });

  test("is a chart beside the stack, whose path names no machine and changes with its content", () => {
    expect(release.chart).toMatch(/^assets\/scaling_chart_[0-9A-F]+\/[0-9A-F]{32}$/);
    expect(release).not.toHaveProperty("repository");
    expect(release).not.toHaveProperty("version");
  });
});
