import { describeWithControlPlane } from "./support/with-control-plane.ts";

describeWithControlPlane("a control plane on this machine", {}, (plane) => {
  test("is the Kubernetes of the examples", async () => {
    expect(await plane().api.get("/version")).toMatchObject({ major: "1", minor: "35" });
  });

  test("refuses a field that Kubernetes does not have", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "wrong" }, spec: { finaliser: [] } };
    await expect(plane().api.create(namespace)).rejects.toThrow(
      'strict decoding error: unknown field "spec.finaliser"',
    );
  });

  test("schedules a pod to a node, on which kwok runs it to its end", async () => {
    const { api } = plane();
    const annotations = { "kwok.x-k8s.io/node": "fake" };
    await api.create({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "one", annotations },
      status: { allocatable: { cpu: "1", memory: "1Gi", pods: "10" } },
    });
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "one", namespace: "default", annotations: { "kwok.test/exit-code": "0" } },
      spec: { containers: [{ name: "one", image: "none" }], restartPolicy: "Never" },
    };
    await api.create(pod);
    const ended = await api.until(pod, (now) => now?.status.phase === "Succeeded");
    expect(ended).toMatchObject({ spec: { nodeName: "one" } });
  });
});
