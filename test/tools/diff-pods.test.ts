import type { Change } from "../../tools/diff/plan.ts";
import { warningsOf } from "../../tools/diff/summary.ts";

/** The loud warnings of a change in place. A restart of pods is a quiet one. */
const saidOf = (type: string, before: object, after: object, rest: Partial<Change> = {}) => {
  const change = { actions: ["update"], before, after, ...rest };
  return warningsOf("dev", { format_version: "1.2", resource_changes: [{ address: `${type}.x`, type, change }] })
    .filter(({ severity }) => severity === "loud")
    .map(({ happens, because }) => `${happens}, ${because}`);
};

/** Pods as the provider for Kubernetes writes them: every block is a list, and an absent value is null or empty. */
const podOf = (spec: object) => ({ spec: [{ template: [{ spec: [spec] }] }] });
const container = (security: object, name = "main") => ({ name, security_context: [security] });
const containerSpec = (security: object) => podOf({ container: [container(security)], volume: [] });
const securityPath = "spec[0].template[0].spec[0].container[0].security_context[0]";
const podSecurity = (security: object) => podOf({ security_context: [security], container: [{ name: "main" }] });
const capabilities = (add: string[], drop: string[]) => containerSpec({ capabilities: [{ add, drop }] });
const seccomp = (type: string | null) =>
  containerSpec({ seccomp_profile: type === null ? [] : [{ type, localhost_profile: "" }] });
const volume = (name: string, host?: string) => ({
  name,
  empty_dir: host === undefined ? [{ medium: "", size_limit: "0" }] : [],
  host_path: host === undefined ? [] : [{ path: host, type: "" }],
});
const volumes = (...all: object[]) => podOf({ container: [{ name: "main" }], volume: all });

describe("the pods of a Deployment get rights by", () => {
  test.each<[string, object, object, string]>([
    [
      "root as the user",
      containerSpec({ run_as_user: "1000" }),
      containerSpec({ run_as_user: "0" }),
      `LOSES A PROTECTION, ${securityPath}.run_as_user: "1000" -> "0"`,
    ],
    [
      "no user any more",
      containerSpec({ run_as_user: "1000" }),
      containerSpec({ run_as_user: "" }),
      `LOSES A PROTECTION, ${securityPath}.run_as_user: "1000" -> ""`,
    ],
    [
      "no security context any more",
      containerSpec({ run_as_user: "1000" }),
      podOf({ container: [{ name: "main", security_context: [] }] }),
      `LOSES A PROTECTION, ${securityPath}.run_as_user: "1000" -> null`,
    ],
    [
      "root where the image decided",
      containerSpec({ run_as_user: null }),
      containerSpec({ run_as_user: "0" }),
      `LOSES A PROTECTION, ${securityPath}.run_as_user: null -> "0"`,
    ],
    [
      "root as the group",
      podSecurity({ run_as_group: "1000", fs_group: "1000" }),
      podSecurity({ run_as_group: "0", fs_group: "1000" }),
      'LOSES A PROTECTION, spec[0].template[0].spec[0].security_context[0].run_as_group: "1000" -> "0"',
    ],
    [
      "root as the group of volumes",
      podSecurity({ fs_group: "1000" }),
      podSecurity({ fs_group: "0" }),
      'LOSES A PROTECTION, spec[0].template[0].spec[0].security_context[0].fs_group: "1000" -> "0"',
    ],
    [
      "a capability",
      capabilities(["NET_BIND_SERVICE"], ["ALL"]),
      capabilities(["NET_BIND_SERVICE", "SYS_ADMIN"], ["ALL"]),
      `LOSES A PROTECTION, ${securityPath}.capabilities[0].add gets SYS_ADMIN`,
    ],
    [
      "a capability that is no longer dropped",
      capabilities([], ["NET_RAW", "MKNOD"]),
      capabilities([], ["MKNOD"]),
      `LOSES A PROTECTION, ${securityPath}.capabilities[0].drop loses NET_RAW`,
    ],
    [
      "capabilities of which fewer are dropped than all",
      capabilities([], ["ALL"]),
      capabilities([], ["NET_RAW"]),
      `LOSES A PROTECTION, ${securityPath}.capabilities[0].drop loses ALL`,
    ],
    [
      "no seccomp profile",
      seccomp("RuntimeDefault"),
      seccomp("Unconfined"),
      `LOSES A PROTECTION, ${securityPath}.seccomp_profile[0].type: "RuntimeDefault" -> "Unconfined"`,
    ],
    [
      "a seccomp profile that is gone",
      seccomp("Localhost"),
      seccomp(null),
      `LOSES A PROTECTION, ${securityPath}.seccomp_profile[0].type: "Localhost" -> null`,
    ],
    [
      "a container that is unconfined, whatever its pod is",
      seccomp(null),
      seccomp("Unconfined"),
      `LOSES A PROTECTION, ${securityPath}.seccomp_profile[0].type: null -> "Unconfined"`,
    ],
    [
      "privileges that a program gets where nobody refuses them",
      containerSpec({ allow_privilege_escalation: false }),
      containerSpec({}),
      `LOSES A PROTECTION, ${securityPath}.allow_privilege_escalation: false -> null`,
    ],
    [
      "a token that a pod gets where nobody refuses it",
      podOf({ automount_service_account_token: false }),
      podOf({}),
      "LOSES A PROTECTION, spec[0].template[0].spec[0].automount_service_account_token: false -> null",
    ],
    [
      "a folder of the node beside the one before",
      volumes(volume("log", "/var/log")),
      volumes(volume("log", "/var/log2")),
      'LOSES A PROTECTION, spec[0].template[0].spec[0].volume[0].host_path mounts "/var/log2" in place of "/var/log"',
    ],
    [
      "a folder of the node",
      volumes(volume("tmp")),
      volumes(volume("tmp"), volume("root", "/")),
      'LOSES A PROTECTION, spec[0].template[0].spec[0].volume[1].host_path mounts "/"',
    ],
    [
      "a higher folder of the node",
      volumes(volume("log", "/var/log")),
      volumes(volume("log", "/var")),
      'LOSES A PROTECTION, spec[0].template[0].spec[0].volume[0].host_path mounts "/var" in place of "/var/log"',
    ],
    [
      "another service account",
      podOf({ service_account_name: "worker" }),
      podOf({ service_account_name: "admin" }),
      'may PERMIT MORE, spec[0].template[0].spec[0].service_account_name: "worker" -> "admin"',
    ],
  ])("%s", (_, before, after, expected) => {
    expect(saidOf("kubernetes_deployment_v1", before, after)).toEqual([expected]);
  });

  test.each<[string, object, object]>([
    ["another user", containerSpec({ run_as_user: "1000" }), containerSpec({ run_as_user: "1001" })],
    ["a user in place of root", containerSpec({ run_as_user: "0" }), containerSpec({ run_as_user: "1000" })],
    ["the image's user in place of root", containerSpec({ run_as_user: "0" }), containerSpec({ run_as_user: "" })],
    ["a user in a new context", podOf({ container: [{ name: "main" }] }), containerSpec({ run_as_user: "1000" })],
    ["no group of volumes", podSecurity({ fs_group: "1000" }), podSecurity({ fs_group: "" })],
    [
      "privileges that are the default",
      containerSpec({ allow_privilege_escalation: null }),
      containerSpec({ allow_privilege_escalation: true }),
    ],
    ["fewer capabilities", capabilities(["SYS_ADMIN"], []), capabilities([], ["NET_RAW"])],
    ["all capabilities dropped", capabilities([], ["NET_RAW", "MKNOD"]), capabilities([], ["ALL"])],
    ["one capability of all", capabilities(["ALL"], []), capabilities(["SYS_TIME"], [])],
    ["capabilities in another order", capabilities(["A", "B"], ["C", "D"]), capabilities(["B", "A"], ["D", "C"])],
    ["another seccomp profile", seccomp("Localhost"), seccomp("RuntimeDefault")],
    ["a seccomp profile", seccomp("Unconfined"), seccomp("RuntimeDefault")],
    ["an empty folder", volumes(), volumes(volume("tmp"))],
    ["a lower folder of the node", volumes(volume("log", "/var/")), volumes(volume("log", "/var/log"))],
    ["the default account", podOf({ service_account_name: "" }), podOf({ service_account_name: "default" })],
    ["no folder of the node any more", volumes(volume("log", "/var")), volumes(volume("log"))],
    [
      "volumes in another order",
      volumes(volume("a", "/a"), volume("b", "/b"), volume("tmp")),
      volumes(volume("tmp"), volume("b", "/b"), volume("a", "/a")),
    ],
    [
      "a container that is gone",
      podOf({
        container: [container({ run_as_user: "0" }), container({ run_as_user: "1000", run_as_non_root: true }, "two")],
      }),
      podOf({ container: [container({ run_as_user: "0" })] }),
    ],
  ])("none by %s", (_, before, after) => {
    expect(saidOf("kubernetes_deployment_v1", before, after)).toEqual([]);
  });
});

/** Where each kind of object keeps the pod. */
const templateOf = (spec: object) => ({ spec: [{ template: [{ spec: [spec] }] }] });
const cronJobOf = (spec: object) => ({ spec: [{ schedule: "0 3 * * *", job_template: [templateOf(spec)] }] });

test.each<[string, (spec: object) => object, string]>([
  ["kubernetes_pod_v1", (spec) => ({ spec: [spec] }), "spec[0]"],
  ["kubernetes_daemon_set_v1", templateOf, "spec[0].template[0].spec[0]"],
  ["kubernetes_daemonset", templateOf, "spec[0].template[0].spec[0]"],
  ["kubernetes_stateful_set_v1", templateOf, "spec[0].template[0].spec[0]"],
  ["kubernetes_job_v1", templateOf, "spec[0].template[0].spec[0]"],
  ["kubernetes_cron_job_v1", cronJobOf, "spec[0].job_template[0].spec[0].template[0].spec[0]"],
])("%s holds such a pod, with init containers", (type, of, path) => {
  const spec = (run_as_user: string) => of({ init_container: [container({ run_as_user })], service_account_name: "a" });
  expect(saidOf(type, spec("1000"), spec("0"))).toEqual([
    `LOSES A PROTECTION, ${path}.init_container[0].security_context[0].run_as_user: "1000" -> "0"`,
  ]);
});

/** A pod as the Kubernetes API writes it: numbers, and no lists of one block. */
const written = (
  runAsUser: number,
  add: string[],
  seccompType: string,
  hostPath: string,
  serviceAccountName: string,
) => ({
  serviceAccountName,
  // The API server writes the old name beside the new one.
  serviceAccount: serviceAccountName,
  securityContext: { seccompProfile: { type: seccompType } },
  initContainers: [{ name: "init", securityContext: { runAsUser } }],
  containers: [{ name: "main", securityContext: { capabilities: { add, drop: ["ALL"] } } }],
  volumes: [{ name: "host", hostPath: { path: hostPath } }],
});
const strict = written(1000, [], "RuntimeDefault", "/var/log", "worker");
const loose = written(0, ["SYS_PTRACE"], "Unconfined", "/", "admin");
const expectedBelow = (path: string) => [
  `may PERMIT MORE, ${path}.serviceAccountName: "worker" -> "admin"`,
  `LOSES A PROTECTION, ${path}.securityContext.seccompProfile.type: "RuntimeDefault" -> "Unconfined"`,
  `LOSES A PROTECTION, ${path}.initContainers[0].securityContext.runAsUser: 1000 -> 0`,
  `LOSES A PROTECTION, ${path}.containers[0].securityContext.capabilities.add gets SYS_PTRACE`,
  `LOSES A PROTECTION, ${path}.volumes[0].hostPath mounts "/" in place of "/var/log"`,
];

test("a manifest holds a pod in camelCase, and tells it once, though the provider also writes the whole object", () => {
  const of = (spec: object) => ({ apiVersion: "batch/v1", kind: "Job", spec: { template: { spec } } });
  const both = (spec: object) => ({ manifest: of(spec), object: of({ ...spec, dnsPolicy: "ClusterFirst" }) });
  expect(saidOf("kubernetes_manifest", both(strict), both(loose))).toEqual(
    expectedBelow("manifest.spec.template.spec"),
  );
  expect(saidOf("kubernetes_manifest", both(loose), both(strict))).toEqual([
    'may PERMIT MORE, manifest.spec.template.spec.serviceAccountName: "admin" -> "worker"',
  ]);
});

test("values of a chart hold a pod in camelCase, and settings of pods that the chart makes", () => {
  const chart = (values: object) => ({ values: [JSON.stringify(values)] });
  const objects = (spec: object) => chart({ objects: [{ kind: "DaemonSet", spec: { template: { spec } } }] });
  expect(saidOf("helm_release", objects(strict), objects(loose))).toEqual(
    expectedBelow("values[0].objects[0].spec.template.spec"),
  );
  const settings = (runAsUser: number | null, name: string) =>
    chart({ podSecurityContext: { runAsUser }, serviceAccount: { create: false, name } });
  expect(saidOf("helm_release", settings(65_534, "keda"), settings(null, "default"))).toEqual([
    "LOSES A PROTECTION, values[0].podSecurityContext.runAsUser: 65534 -> null",
    'may PERMIT MORE, values[0].serviceAccount.name: "keda" -> "default"',
  ]);
});

test("a replaced Job whose code names no service account keeps that of the namespace", () => {
  const of = (service_account_name: unknown) => podOf({ service_account_name });
  const replaced = { actions: ["delete", "create"], after_unknown: of(true) };
  expect(saidOf("kubernetes_job_v1", of(""), of(undefined), replaced)).toEqual([]);
  expect(saidOf("kubernetes_job_v1", of("worker"), of(undefined), replaced)).toEqual([
    'may PERMIT MORE, spec[0].template[0].spec[0].service_account_name: "worker" -> (known after apply)',
  ]);
});

test("a value that is known after the deploy counts, and a sensitive one is not shown", () => {
  const before = containerSpec({ run_as_user: "1000" });
  const unknown = { after_unknown: containerSpec({ run_as_user: true }) };
  expect(saidOf("kubernetes_deployment_v1", before, containerSpec({}), unknown)).toEqual([
    `LOSES A PROTECTION, ${securityPath}.run_as_user: "1000" -> (known after apply)`,
  ]);
  expect(saidOf("kubernetes_deployment_v1", containerSpec({ run_as_user: "0" }), containerSpec({}), unknown)).toEqual(
    [],
  );
  const sensitive = { before_sensitive: {}, after_sensitive: volumes({ host_path: [{ path: true }] }) };
  expect(
    saidOf("kubernetes_deployment_v1", volumes(), volumes(volume("secret", "/srv/hidden-folder")), sensitive),
  ).toEqual(["LOSES A PROTECTION, spec[0].template[0].spec[0].volume[0].host_path changes, and is sensitive"]);
});
