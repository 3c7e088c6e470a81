import { installDefinitionsOfKeda } from "./support/keda.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

describeWithControlPlane("keda", { kwok: false }, (plane) => {
  test("definitions", async () => {
    await installDefinitionsOfKeda(plane().api);
    const so = {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name: "a", namespace: "default" },
      spec: {
        scaleTargetRef: { name: "a" },
        cooldownPeriods: 60,
        triggers: [{ type: "aws-sqs-queue", metadata: { queueURL: "a", queueLength: "2" } }],
      },
    };
    await expect(plane().api.create(so)).rejects.toThrow("x");
  });
});
