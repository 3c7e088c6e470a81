/*
 * The attributes of the Terraform provider's resources that the converter knows, with their places in Kubernetes' objects. The
 * provider's names are in snake case, and blocks have the singular of Kubernetes' lists.
 * @see https://github.com/hashicorp/terraform-provider-kubernetes/tree/v2.38.0/kubernetes (structure*.go, schema*.go)
 */

/** A conversion of one attribute, with its name in Kubernetes if that is not the same in camel case. */
export interface Attribute {
  readonly kind:
    | "value"
    /** Taken as it is, with the keys that the user wrote. */
    | "map"
    /** The provider has a text where Kubernetes has a number. */
    | "number"
    /** A number, or a name: `443`, `http`. */
    | "number-or-name"
    /** One block, or a list of one. */
    | "block"
    /** Any number of blocks. */
    | "blocks";
  readonly name?: string;
  readonly attributes?: Attributes;
  /** The provider sends 0, or another default of its own, if it is left out. */
  readonly required?: true;
}

export type Attributes = Readonly<Record<string, Attribute>>;

const value: Attribute = { kind: "value" };
const map: Attribute = { kind: "map" };
const number: Attribute = { kind: "number" };
const set: Attribute = { kind: "value", required: true };
const block = (attributes: Attributes): Attribute => ({ kind: "block", attributes });
const blocks = (attributes: Attributes, name?: string): Attribute => ({
  kind: "blocks",
  attributes,
  ...(name !== undefined && { name }),
});

const metadata = block({ name: value, namespace: value, labels: map, annotations: map });

const selector = block({
  match_labels: map,
  match_expressions: blocks({ key: value, operator: value, values: value }),
});

const securityContext = {
  fs_group: number,
  run_as_group: number,
  run_as_user: number,
  run_as_non_root: value,
  seccomp_profile: block({ type: value, localhost_profile: value }),
};

const probe = block({
  http_get: block({ path: value, port: { kind: "number-or-name" } }),
  failure_threshold: value,
  initial_delay_seconds: value,
  period_seconds: value,
  success_threshold: value,
  timeout_seconds: value,
});

const container: Attributes = {
  name: value,
  startup_probe: probe,
  liveness_probe: probe,
  readiness_probe: probe,
  image: value,
  image_pull_policy: value,
  command: value,
  args: value,
  working_dir: value,
  env: blocks({
    name: value,
    value,
    value_from: block({
      field_ref: block({ api_version: value, field_path: value }),
      resource_field_ref: block({ container_name: value, resource: value, divisor: value }),
      secret_key_ref: block({ name: value, key: value, optional: value }),
      config_map_key_ref: block({ name: value, key: value, optional: value }),
    }),
  }),
  env_from: blocks({
    prefix: value,
    config_map_ref: block({ name: value, optional: value }),
    secret_ref: block({ name: value, optional: value }),
  }),
  resources: block({ requests: map, limits: map }),
  security_context: block({
    run_as_group: number,
    run_as_user: number,
    run_as_non_root: value,
    seccomp_profile: securityContext.seccomp_profile,
    allow_privilege_escalation: value,
    privileged: value,
    read_only_root_filesystem: value,
    capabilities: block({ add: value, drop: value }),
  }),
  termination_message_path: value,
  termination_message_policy: value,
  port: blocks({ name: value, container_port: value, protocol: value }, "ports"),
  volume_mount: blocks({ name: value, mount_path: value, sub_path: value, read_only: value }, "volumeMounts"),
};

const podAffinityTerm: Attributes = { topology_key: value, namespaces: value, label_selector: selector };
const podAffinity = block({
  preferred_during_scheduling_ignored_during_execution: blocks({
    weight: value,
    pod_affinity_term: block(podAffinityTerm),
  }),
  required_during_scheduling_ignored_during_execution: blocks(podAffinityTerm),
});

const pod: Attributes = {
  active_deadline_seconds: value,
  affinity: block({ pod_affinity: podAffinity, pod_anti_affinity: podAffinity }),
  automount_service_account_token: value,
  container: blocks(container, "containers"),
  init_container: blocks(container, "initContainers"),
  dns_policy: value,
  enable_service_links: value,
  host_network: value,
  node_selector: map,
  priority_class_name: value,
  restart_policy: value,
  security_context: block(securityContext),
  service_account_name: value,
  termination_grace_period_seconds: value,
  toleration: blocks({ key: value, operator: value, value, effect: value, toleration_seconds: number }, "tolerations"),
  topology_spread_constraint: blocks(
    {
      max_skew: value,
      topology_key: value,
      when_unsatisfiable: value,
      min_domains: value,
      match_label_keys: value,
      node_affinity_policy: value,
      node_taints_policy: value,
      label_selector: selector,
    },
    "topologySpreadConstraints",
  ),
  volume: blocks(
    {
      name: value,
      empty_dir: block({ medium: value, size_limit: value }),
      config_map: block({ name: value, optional: value, default_mode: value }),
      secret: block({ secret_name: value, optional: value, default_mode: value }),
    },
    "volumes",
  ),
};

const podFailureRule: Attributes = {
  action: value,
  on_exit_codes: block({ container_name: set, operator: value, values: value }),
  on_pod_condition: { ...blocks({ type: value, status: value }), name: "onPodConditions" },
};

const job: Attributes = {
  active_deadline_seconds: value,
  backoff_limit: set,
  completions: value,
  parallelism: value,
  pod_failure_policy: block({ rule: blocks(podFailureRule, "rules") }),
  template: block({ metadata, spec: block(pod) }),
};

const indexedJob: Attributes = {
  ...job,
  completion_mode: set,
  backoff_limit_per_index: set,
  max_failed_indexes: set,
};

const deployment: Attributes = {
  min_ready_seconds: value,
  paused: value,
  progress_deadline_seconds: value,
  // Without a value Kubernetes makes one pod.
  replicas: { ...number, required: true },
  revision_history_limit: value,
  selector,
  strategy: block({
    type: value,
    rolling_update: block({ max_surge: { kind: "number-or-name" }, max_unavailable: { kind: "number-or-name" } }),
  }),
  template: block({ metadata, spec: block(pod) }),
};

const cronJob: Attributes = {
  concurrency_policy: value,
  failed_jobs_history_limit: value,
  job_template: block({ metadata, spec: block(job) }),
  schedule: value,
  starting_deadline_seconds: value,
  successful_jobs_history_limit: value,
  suspend: value,
  timezone: { kind: "value", name: "timeZone" },
};

const networkPeer: Attributes = {
  ip_block: block({ cidr: value, except: value }),
  namespace_selector: selector,
  pod_selector: selector,
};
const networkPorts = blocks({ port: { kind: "number-or-name" }, end_port: value, protocol: value });

const ingressBackend = block({
  service: block({ name: value, port: block({ name: value, number: value }) }),
});
const ingress: Attributes = {
  ingress_class_name: value,
  default_backend: ingressBackend,
  rule: blocks(
    { host: value, http: block({ path: blocks({ path: value, path_type: value, backend: ingressBackend }, "paths") }) },
    "rules",
  ),
};

/** Attributes of a resource that are Terraform's own. */
export const terraformOnly: ReadonlySet<string> = new Set([
  "//",
  "depends_on",
  "lifecycle",
  "timeouts",
  "wait_for_completion",
  "wait_for_load_balancer",
  "wait_for_rollout",
]);

/** What a type of resource is in Kubernetes. */
export const resourceTypes: Readonly<
  Record<string, { readonly apiVersion: string; readonly kind: string; readonly attributes: Attributes }>
> = {
  kubernetes_namespace_v1: { apiVersion: "v1", kind: "Namespace", attributes: { metadata } },
  kubernetes_service_account_v1: {
    apiVersion: "v1",
    kind: "ServiceAccount",
    attributes: { metadata, automount_service_account_token: value },
  },
  kubernetes_config_map_v1: {
    apiVersion: "v1",
    kind: "ConfigMap",
    attributes: { metadata, data: map, binary_data: map, immutable: value },
  },
  kubernetes_network_policy_v1: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    attributes: {
      metadata,
      spec: block({
        pod_selector: selector,
        policy_types: value,
        egress: blocks({ to: blocks(networkPeer), ports: networkPorts }),
        ingress: blocks({ from: blocks(networkPeer), ports: networkPorts }),
      }),
    },
  },
  kubernetes_role_v1: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    attributes: {
      metadata,
      rule: blocks({ api_groups: value, resources: value, resource_names: value, verbs: value }, "rules"),
    },
  },
  kubernetes_role_binding_v1: {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    attributes: {
      metadata,
      role_ref: block({ api_group: value, kind: value, name: value }),
      subject: blocks({ api_group: value, kind: value, name: value, namespace: value }, "subjects"),
    },
  },
  kubernetes_ingress_v1: {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    attributes: { metadata, spec: block(ingress) },
  },
  kubernetes_cron_job_v1: { apiVersion: "batch/v1", kind: "CronJob", attributes: { metadata, spec: block(cronJob) } },
  kubernetes_deployment_v1: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    attributes: { metadata, spec: block(deployment) },
  },
  kubernetes_service_v1: {
    apiVersion: "v1",
    kind: "Service",
    attributes: {
      metadata,
      spec: block({
        type: value,
        selector: map,
        port: blocks({ name: value, port: value, target_port: { kind: "number-or-name" }, protocol: value }, "ports"),
      }),
    },
  },
  kubernetes_horizontal_pod_autoscaler_v2: {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    attributes: {
      metadata,
      spec: block({
        scale_target_ref: block({ api_version: value, kind: value, name: value }),
        min_replicas: value,
        max_replicas: value,
        metric: blocks(
          { type: value, resource: block({ name: value, target: block({ type: value, average_utilization: value }) }) },
          "metrics",
        ),
      }),
    },
  },
  kubernetes_pod_disruption_budget_v1: {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    attributes: { metadata, spec: block({ max_unavailable: { kind: "number-or-name" }, selector }) },
  },
  // All Jobs of this platform are indexed.
  kubernetes_job_v1: { apiVersion: "batch/v1", kind: "Job", attributes: { metadata, spec: block(indexedJob) } },
};
