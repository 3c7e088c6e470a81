import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { startProgram } from "../../support/sweep.ts";

/** A Job with the fields of the template that clients forget most easily. */
const job = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "there", namespace: "sweep", labels: { a: "b" } },
  spec: {
    completionMode: "Indexed",
    completions: 3,
    parallelism: 3,
    backoffLimit: 2147483647,
    backoffLimitPerIndex: 6,
    maxFailedIndexes: 1,
    suspend: false,
    podReplacementPolicy: "Failed",
    ttlSecondsAfterFinished: 3600,
    podFailurePolicy: {
      rules: [
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        { action: "FailIndex", onExitCodes: { containerName: "worker", operator: "In", values: [42] } },
      ],
    },
    template: {
      metadata: { annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" } },
      spec: {
        restartPolicy: "Never",
        priorityClassName: "service-jobs-large",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "worker",
            env: [
              { name: "A", value: "" },
              {
                name: "WORKER_ID",
                valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.annotations['index']" } },
              },
            ],
            resources: { requests: { cpu: "500m", memory: "1Gi", "ephemeral-storage": "100Mi" }, limits: { cpu: "1" } },
          },
        ],
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: { a: "b" } },
          },
        ],
        volumes: [{ name: "tmp", emptyDir: { sizeLimit: "100Mi" } }],
      },
    },
  },
};

const status = (code: number, reason: string, message: string) => ({
  code,
  body: { kind: "Status", apiVersion: "v1", status: "Failure", reason, message, code },
});

/** The answers of an API server, by the name of the Job. */
const CREATED: Record<string, ReturnType<typeof status>> = {
  quota: status(403, "Forbidden", 'jobs.batch "quota" is forbidden: exceeded quota: service-jobs'),
  policy: status(422, "Invalid", "ValidatingAdmissionPolicy 'service-jobs' denied request: other image"),
  broken: status(500, "InternalError", "etcd is away"),
  wrong: status(400, "BadRequest", "the Job has no spec"),
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("the server speaks with the API of a cluster, and repeats its words", async () => {
  const requests: string[] = [];
  const sent: { metadata: { name: string } }[] = [];
  const deletions: unknown[] = [];
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${decodeURIComponent(request.url ?? "")}`);
    const text = await bodyOf(request);
    const answer = (code: number, body: object) =>
      response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const there = sent.some(({ metadata }) => metadata.name === "there");
    const isThere = there && request.url?.split("?")[0]?.endsWith("/there");
    if (request.headers.authorization !== "Bearer secret") return answer(401, {});
    if (request.method === "POST") {
      const created = JSON.parse(text);
      const { name } = created.metadata;
      const refused = CREATED[name] ?? (there ? status(409, "AlreadyExists", "exists") : undefined);
      if (refused !== undefined) return answer(refused.code, refused.body);
      sent.push(created);
      return answer(201, created);
    }
    if (request.method === "DELETE") deletions.push(JSON.parse(text));
    if (request.method === "DELETE" && text.includes("former")) return answer(409, status(409, "Conflict", "uid").body);
    if (request.url?.includes("/jobs/")) return isThere ? answer(200, job) : answer(404, {});
    if (request.url?.includes("/pods")) {
      const pod = {
        metadata: { name: "pod", creationTimestamp: "2026-11-22T12:00:00Z" },
        status: { phase: "Pending" },
      };
      return answer(200, { kind: "PodList", metadata: { remainingItemCount: 4 }, items: [pod] });
    }
    return answer(403, status(403, "Forbidden", "events is forbidden").body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const program = resolve(__dirname, "../../support/kubernetes-program.ts");
  const command = [process.execPath, "--import", "tsx", program, `http://127.0.0.1:${port}`, JSON.stringify(job)];
  const { stdout, stderr, code } = await startProgram(command).finished;
  server.close();

  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    create: true,
    createAgain: false,
    quota: {
      status: 403,
      detail: 'the cluster refuses to create a Job: jobs.batch "quota" is forbidden: exceeded quota: service-jobs',
    },
    policy: {
      status: 403,
      detail:
        "the cluster refuses to create a Job: ValidatingAdmissionPolicy 'service-jobs' denied request: other image",
    },
    broken: { status: 503, detail: 'the cluster does not answer to "create a Job": etcd is away. Try again' },
    wrong: { status: 409, detail: "the cluster cannot create a Job: the Job has no spec" },
    read: "there",
    pods: {
      pods: [
        { metadata: { name: "pod", creationTimestamp: "2026-11-22T12:00:00.000Z" }, status: { phase: "Pending" } },
      ],
      total: 5,
    },
    events: { status: 403, detail: "the cluster refuses to list events: events is forbidden" },
  });
  // Nothing of the template is lost on the way.
  expect(sent).toEqual([job]);
  expect(requests).toContain("DELETE /apis/batch/v1/namespaces/sweep/jobs/there");
  expect(deletions).toEqual([
    { propagationPolicy: "Background" },
    { propagationPolicy: "Background" },
    { propagationPolicy: "Background", preconditions: { uid: "former" } },
  ]);
  expect(requests).toContain("GET /api/v1/namespaces/sweep/pods?labelSelector=a=b&limit=1000");
  expect(requests).toContain("GET /api/v1/namespaces/sweep/events?fieldSelector=involvedObject.kind=Pod&limit=2000");
});
