import type { KubernetesObject } from "./kubernetes-api.ts";

/** A Job that an API in foreign hands might try to create, and the words with which it is refused. */
export interface HostileJob {
  readonly what: string;
  /** Makes it of an honest one. */
  readonly change: (job: KubernetesObject, pod: KubernetesObject, container: KubernetesObject) => void;
  readonly refusal: string;
}

const pod = (fields: string) =>
  `A Job of the API has other fields of the pod than the template of its size: ${fields}.`;
const container = (fields: string) =>
  `A Job of the API has other fields of the container than the template of its size: ${fields}.`;
const variable = (name: string) =>
  `The container may not have the environment variable ${name}, or takes it from elsewhere.`;
const job = (fields: string) => `A Job of the API has other fields than the template of its size: ${fields}.`;
const workers = "A Job of the size small has 1 to 4 workers, all of which may run at a time.";

export const hostileJobs: readonly HostileJob[] = [
  {
    what: "another image",
    change: (_, __, container) => Object.assign(container, { image: "docker.io/library/miner:1" }),
    refusal: container("image"),
  },
  {
    what: "a folder of its node",
    change: (_, pod) => pod.volumes.push({ name: "host", hostPath: { path: "/" } }),
    refusal: pod("volumes"),
  },
  {
    what: "the service account of others",
    change: (_, pod) => Object.assign(pod, { serviceAccountName: "executor-large" }),
    refusal: pod("serviceAccountName, serviceAccount"),
  },
  {
    what: "a token of its service account",
    change: (_, pod) => Object.assign(pod, { automountServiceAccountToken: true }),
    refusal: pod("automountServiceAccountToken"),
  },
  {
    what: "a projected token",
    change: (_, pod) =>
      pod.volumes.push({ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }),
    refusal: pod("volumes"),
  },
  {
    what: "a Secret as a folder",
    change: (_, pod) => pod.volumes.push({ name: "secret", secret: { secretName: "password" } }),
    refusal: pod("volumes"),
  },
  {
    what: "a disk of somebody else",
    change: (_, pod) => pod.volumes.push({ name: "disk", persistentVolumeClaim: { claimName: "database" } }),
    refusal: pod("volumes"),
  },
  {
    what: "a Secret as environment variables",
    change: (_, __, container) => Object.assign(container, { envFrom: [{ secretRef: { name: "password" } }] }),
    refusal: container("envFrom"),
  },
  {
    what: "a ConfigMap as environment variables",
    change: (_, __, container) => Object.assign(container, { envFrom: [{ configMapRef: { name: "executor-large" } }] }),
    refusal: container("envFrom"),
  },
  {
    what: "a setting of the worker from a Secret",
    change: (_, __, { env }) =>
      env.push({ name: "LOG_LEVEL", valueFrom: { secretKeyRef: { name: "password", key: "WORD" } } }),
    refusal: variable("LOG_LEVEL"),
  },
  {
    what: "options of Node.js",
    change: (_, __, { env }) => env.push({ name: "NODE_OPTIONS", value: "--require=/tmp/module.js" }),
    refusal: variable("NODE_OPTIONS"),
  },
  {
    what: "another endpoint of S3 and a proxy",
    change: (_, __, { env }) =>
      env.push({ name: "AWS_ENDPOINT_URL", value: "http://example.com" }, { name: "HTTPS_PROXY", value: "http://a" }),
    refusal: variable("AWS_ENDPOINT_URL, HTTPS_PROXY"),
  },
  {
    what: "a program of its own",
    change: (_, __, { env }) => env.push({ name: "EVALUATION_COMMAND", value: "node -e 0" }),
    refusal: variable("EVALUATION_COMMAND"),
  },
  {
    what: "a number of its worker that it chooses",
    change: (_, __, container) => {
      container.env = container.env.filter(({ name }: KubernetesObject) => name !== "WORKER_ID");
      container.env.push({ name: "WORKER_ID", value: "0" });
    },
    refusal: variable("WORKER_ID"),
  },
  {
    what: "results elsewhere",
    change: (_, __, { env }) => env.push({ name: "RESULTS_URL", value: "s3://bucket/runs/queue/collatz" }),
    refusal: "The environment variable RESULTS_URL of a Job of the API begins with s3://bucket/runs/jobs/.",
  },
  {
    what: "another region",
    change: (_, __, { env }) => env.push({ name: "AWS_REGION", value: "us-west-2x" }),
    refusal: "The environment variable AWS_REGION of a Job of the API is us-west-2.",
  },
  {
    what: "a value that fills etcd",
    change: (_, __, { env }) => env.push({ name: "EVALUATION", value: "x".repeat(8193) }),
    refusal: "An environment variable has 8192 characters at most.",
  },
  {
    what: "a node that it chooses",
    change: (_, pod) => Object.assign(pod, { nodeName: "general-1" }),
    refusal: pod("nodeName"),
  },
  {
    what: "the nodes of others",
    change: (_, pod) => Object.assign(pod, { nodeSelector: { "node-pool": "general" } }),
    refusal: pod("nodeSelector"),
  },
  {
    what: "tolerations of everything",
    change: (_, pod) => pod.tolerations.push({ operator: "Exists" }),
    refusal: pod("tolerations"),
  },
  {
    what: "machines that are too large",
    change: (_, __, { resources }) => Object.assign(resources.requests, { cpu: "500m" }),
    refusal: container("resources"),
  },
  {
    what: "no limits",
    change: (_, __, container) => Object.assign(container, { resources: {} }),
    refusal: container("resources"),
  },
  {
    what: "too many workers",
    change: ({ spec }) => Object.assign(spec, { completions: 5, parallelism: 4 }),
    refusal: workers,
  },
  {
    what: "more pods at a time than workers",
    change: ({ spec }) => Object.assign(spec, { completions: 2, parallelism: 3 }),
    refusal: workers,
  },
  {
    what: "a shell",
    change: (_, __, container) => Object.assign(container, { command: ["/bin/sh"] }),
    refusal: container("command"),
  },
  {
    what: "another program of the image",
    change: (_, __, container) => Object.assign(container, { args: ["run", "/tmp/module.js"] }),
    refusal: container("args"),
  },
  {
    what: "a second container",
    change: (_, pod, container) => pod.containers.push({ ...container, name: "miner" }),
    refusal: "The pod of a Job of the API has one container.",
  },
  {
    what: "an init container",
    change: (_, pod, container) => Object.assign(pod, { initContainers: [{ ...container, name: "first" }] }),
    refusal: pod("initContainers"),
  },
  {
    what: "a sidecar",
    change: (_, pod, container) =>
      Object.assign(pod, { initContainers: [{ ...container, name: "first", restartPolicy: "Always" }] }),
    refusal: pod("initContainers"),
  },
  {
    what: "an ephemeral container",
    change: (_, pod) => Object.assign(pod, { ephemeralContainers: [{ name: "shell", image: "busybox" }] }),
    // Kubernetes itself refuses it, before it asks a policy.
    refusal: "ephemeral containers not allowed in pod template",
  },
  {
    what: "the network of its node",
    change: (_, pod) => Object.assign(pod, { hostNetwork: true }),
    refusal: pod("hostNetwork"),
  },
  {
    what: "the processes and memory of its node",
    change: (_, pod) => Object.assign(pod, { hostPID: true, hostIPC: true }),
    refusal: pod("hostPID, hostIPC"),
  },
  {
    what: "all rights on its node",
    change: (_, __, container) => Object.assign(container.securityContext, { capabilities: { add: ["SYS_ADMIN"] } }),
    refusal: container("securityContext"),
  },
  {
    what: "another user",
    change: (_, pod) => Object.assign(pod.securityContext, { runAsUser: 0, runAsNonRoot: false }),
    refusal: pod("securityContext"),
  },
  {
    what: "no security context",
    change: (_, pod) => {
      delete pod.securityContext;
    },
    refusal: pod("securityContext"),
  },
  {
    what: "precedence over all pods",
    change: (_, pod) => Object.assign(pod, { priorityClassName: "system-node-critical" }),
    refusal: pod("priorityClassName"),
  },
  {
    what: "another scheduler",
    change: (_, pod) => Object.assign(pod, { schedulerName: "mine" }),
    refusal: pod("schedulerName"),
  },
  {
    what: "another runtime",
    change: (_, pod) => Object.assign(pod, { runtimeClassName: "unconfined" }),
    refusal: pod("runtimeClassName"),
  },
  {
    what: "commands at its start",
    change: (_, __, container) =>
      Object.assign(container, { lifecycle: { postStart: { exec: { command: ["/bin/sh"] } } } }),
    refusal: container("lifecycle"),
  },
  {
    what: "no end",
    change: ({ spec }) => {
      delete spec.ttlSecondsAfterFinished;
    },
    refusal: job("ttlSecondsAfterFinished"),
  },
  {
    what: "another controller",
    change: ({ spec }) => Object.assign(spec, { managedBy: "example.com/mine" }),
    refusal: job("managedBy"),
  },
  {
    what: "labels by which others choose pods",
    change: ({ spec }) => Object.assign(spec.template.metadata.labels, { app: "database" }),
    refusal: "A Job of the API has other labels of the pod than the template of its size: app.",
  },
  {
    what: "labels of Terraform",
    change: ({ metadata }) => Object.assign(metadata.labels, { "app.kubernetes.io/managed-by": "terraform" }),
    refusal: "A Job of the API has other labels than the template of its size: app.kubernetes.io/managed-by.",
  },
  {
    what: "a pod that the autoscaler may end",
    change: ({ spec }) => Object.assign(spec.template.metadata, { annotations: {} }),
    refusal: "The annotations of the pod are not those of the template.",
  },
  {
    what: "annotations for other programs",
    change: ({ metadata }) => Object.assign(metadata, { annotations: { "example.com/do": "it" } }),
    refusal: "The annotations of a Job of the API begin with evaluation-platform/.",
  },
  {
    what: "a finalizer, with which it never goes",
    change: ({ metadata }) => Object.assign(metadata, { finalizers: ["example.com/never"] }),
    refusal: "A Job of the API has other metadata than the template of its size: finalizers.",
  },
  {
    what: "a size that there is not",
    change: ({ metadata }) => Object.assign(metadata.labels, { "evaluation-platform/size": "gpu" }),
    refusal: "A Job of the API has the label evaluation-platform/size with small or large.",
  },
  {
    what: "the label of another size",
    change: ({ metadata }) => Object.assign(metadata.labels, { "evaluation-platform/size": "large" }),
    refusal: "A Job of the API has other labels of the pod than the template of its size: evaluation-platform/size.",
  },
  {
    what: "no size",
    change: ({ metadata }) => Object.assign(metadata, { labels: { app: "miner" } }),
    refusal: "A Job of the API has the label evaluation-platform/size with small or large.",
  },
];
