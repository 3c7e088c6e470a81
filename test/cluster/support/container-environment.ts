import type { KubernetesApi, KubernetesObject } from "./kubernetes-api.ts";

/**
 * The environment variables that a kubelet gives to a container: of `envFrom` in its order, then of `env`.
 * @throws Error that names the ConfigMap or Secret that does not exist, with which the container cannot start.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/kubelet/kubelet_pods.go makeEnvironmentVariables
 */
export async function containerEnvironment(
  api: KubernetesApi,
  pod: KubernetesObject,
  container: KubernetesObject,
): Promise<Record<string, string>> {
  const { namespace } = pod.metadata;
  const environment: Record<string, string> = {};
  const read = (resource: string, name: string) => api.get(`/api/v1/namespaces/${namespace}/${resource}/${name}`);
  for (const { configMapRef, secretRef, prefix = "" } of container.envFrom ?? []) {
    const entries =
      secretRef === undefined
        ? ((await read("configmaps", configMapRef.name)).data ?? {})
        : decoded((await read("secrets", secretRef.name)).data ?? {});
    for (const [name, value] of Object.entries(entries)) environment[prefix + name] = value as string;
  }
  for (const { name, value = "", valueFrom } of container.env ?? []) {
    environment[name] = valueFrom === undefined ? value : fieldOf(pod, valueFrom.fieldRef?.fieldPath ?? "");
  }
  return environment;
}

/** Secrets are base64 in the API. */
function decoded(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );
}

/** A field of a pod, as `fieldRef` names it; an absent label or annotation is empty. */
function fieldOf(pod: KubernetesObject, path: string): string {
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined && key !== undefined) return pod.metadata[map]?.[key] ?? "";
  if (path === "metadata.name") return pod.metadata.name;
  throw new Error(`container-environment.ts does not know the field ${path}`);
}
