import { SETTING_NAMES, variableName } from "sweep-worker/contract";
import { celLiteral, celText } from "../support/cel.ts";
import { oneOf } from "../support/problems.ts";
import { type JobTemplate, managedByApi, sizeLabel } from "./job-template.ts";

/** Name of the policies that fence the API in. The second one has an ending. */
const jobsPolicyName = "service-jobs";

/** The Jobs of one size. */
export interface FencedSize {
  readonly size: string;
  /** Workers of a Job at most. */
  readonly maxWorkers: number;
  readonly template: JobTemplate;
}

/** What the policies let the API do. */
export interface JobsPolicyProps {
  /** The user as which the API server knows the API: `system:serviceaccount:<namespace>:<name>`. */
  readonly user: string;
  readonly sizes: readonly FencedSize[];
  /** Where the results of its Jobs must be: `s3://<bucket>/<folder>/`. */
  readonly resultsRoot: string;
  /** Region of the bucket. */
  readonly region: string;
  /** Whether a Job may run a program of the image with arguments of its own. */
  readonly allowCommands: boolean;
}

/** A rule of a policy, and the words with which the API server refuses. */
interface Validation {
  readonly expression: string;
  readonly message: string;
  /** An expression that gives more exact words. */
  readonly messageExpression?: string;
}

/** Longest value of an environment variable: a command has 4,000 characters at most. */
const longestValue = 8192;

/** Labels that tell which sweep a Job computes. The API makes their values. */
const sweepLabels = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];
/** Annotations of the platform begin so. */
const annotationPrefix = "evaluation-platform/";
/** Kubernetes gives them to the pods of every Job, before a policy sees it. */
const jobLabels = ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];
/** Fields of every object's metadata that the API server writes itself, and those that the API fills in. */
const metadataFields = [
  "name",
  "namespace",
  "labels",
  "annotations",
  "uid",
  "creationTimestamp",
  "generation",
  "managedFields",
];

/**
 * Two policies for the API's user, and for nobody else. `create jobs` alone would let it run any pod with any service account and any
 * Secret of the namespace; these let it create the Jobs of its templates, and delete those again.
 *
 * A Job is compared with the template of its size field by field, and not with a list of dangerous fields: a field that a later version of
 * Kubernetes adds is refused, too.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export function jobsPolicies(props: JobsPolicyProps): object[] {
  return [
    ...policy(jobsPolicyName, props.user, ["CREATE", "UPDATE"], creationRules(props), creationVariables(props)),
    ...policy(`${jobsPolicyName}-deletion`, props.user, ["DELETE"], [deletionRule]),
  ];
}

function policy(
  name: string,
  user: string,
  operations: readonly string[],
  validations: readonly Validation[],
  variables: readonly { readonly name: string; readonly expression: string }[] = [],
): object[] {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const rule = { apiGroups: ["batch"], apiVersions: ["*"], resources: ["jobs", "jobs/*"], scope: "*" };
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: {
        // A policy that cannot be evaluated refuses.
        failurePolicy: "Fail",
        matchConstraints: { resourceRules: [{ ...rule, operations }] },
        matchConditions: [{ name: "the-api", expression: `request.userInfo.username == ${celText(user)}` }],
        variables,
        // The first rule that is broken gives the words.
        validations: validations.map((validation) => ({ ...validation, reason: "Forbidden" })),
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny", "Audit"] },
    },
  ];
}

const deletionRule: Validation = {
  expression: Object.entries(managedByApi)
    .map(([label, value]) => `oldObject.metadata.?labels[?${celText(label)}].orValue("") == ${celText(value)}`)
    .join(" && "),
  message: "The API deletes no Jobs but its own.",
};

function creationVariables({ sizes }: JobsPolicyProps) {
  const templates = Object.fromEntries(sizes.map((one) => [one.size, comparable(one)]));
  return [
    { name: "size", expression: `object.metadata.?labels[?${celText(sizeLabel)}].orValue("")` },
    { name: "template", expression: `${celLiteral(templates)}[variables.size]` },
    { name: "spec", expression: "dyn(object.spec)" },
    { name: "pod", expression: "dyn(object.spec.template.spec)" },
    { name: "worker", expression: "dyn(object.spec.template.spec.containers[0])" },
    { name: "env", expression: "variables.worker.?env.orValue([])" },
  ];
}

/** The parts of a template that are compared, as Kubernetes shows them. */
function comparable({ maxWorkers, template: { metadata, spec } }: FencedSize) {
  const { template, ...job } = spec;
  const { containers, ...pod } = template.spec;
  const [{ env, ...worker }] = containers;
  const { serviceAccountName } = pod;
  return {
    maxWorkers,
    namespace: metadata.namespace,
    labels: metadata.labels,
    job,
    podLabels: template.metadata.labels,
    podAnnotations: template.metadata.annotations,
    // Kubernetes repeats the name under its old one.
    pod: { ...pod, serviceAccount: serviceAccountName },
    worker,
    index: withDefaults(env.filter((one) => "valueFrom" in one)),
  };
}

/** Kubernetes adds the version to a reference to a field of the pod. */
function withDefaults(env: JobTemplate["spec"]["template"]["spec"]["containers"][0]["env"]) {
  return env.map(({ name, valueFrom }) => {
    const { fieldRef } = valueFrom as { readonly fieldRef: object };
    return { name, valueFrom: { fieldRef: { apiVersion: "v1", ...fieldRef } } };
  });
}

function creationRules(props: JobsPolicyProps): Validation[] {
  const { sizes } = props;
  const names = sizes.map(({ size }) => size);
  return [
    { expression: 'request.operation == "CREATE"', message: "The API creates and deletes Jobs, and changes none." },
    {
      expression: `variables.size in ${celLiteral(names)}`,
      message: `A Job of the API has the label ${sizeLabel} with ${oneOf(names)}.`,
    },
    {
      expression: "request.namespace == variables.template.namespace",
      message: "The API creates Jobs in the namespace of its templates only.",
    },
    sameRule("metadata", "dyn(object.metadata)", "{}", metadataFields),
    sameRule("labels", "dyn(object.metadata.labels)", "variables.template.labels", sweepLabels),
    {
      expression: `dyn(object.metadata).?annotations.orValue({}).all(key, key.startsWith(${celText(annotationPrefix)}))`,
      message: `The annotations of a Job of the API begin with ${annotationPrefix}.`,
    },
    sameRule("fields", "variables.spec", "variables.template.job", [
      "completions",
      "parallelism",
      "selector",
      "template",
    ]),
    {
      expression:
        "object.spec.completions >= 1 && object.spec.completions <= variables.template.maxWorkers && object.spec.parallelism <= object.spec.completions",
      message: "A Job of the API has no more workers than its size allows.",
      messageExpression:
        '"A Job of the size " + variables.size + " has 1 to " + string(variables.template.maxWorkers) + " workers, all of which may run at a time."',
    },
    ...podRules(),
    ...environmentRules(props),
  ];
}

function podRules(): Validation[] {
  const podMetadata = "dyn(object.spec.template.metadata)";
  return [
    sameRule("metadata of the pod", podMetadata, "{}", ["labels", "annotations", "creationTimestamp"]),
    sameRule("labels of the pod", `${podMetadata}.labels`, "variables.template.podLabels", [
      ...sweepLabels,
      ...jobLabels,
    ]),
    {
      expression: `${podMetadata}.?annotations.orValue({}) == variables.template.podAnnotations`,
      message: "The annotations of the pod are not those of the template.",
    },
    sameRule("fields of the pod", "variables.pod", "variables.template.pod", ["containers"]),
    {
      expression: "variables.pod.containers.size() == 1",
      message: "The pod of a Job of the API has one container.",
    },
    sameRule("fields of the container", "variables.worker", "variables.template.worker", ["env"]),
  ];
}

function environmentRules({ resultsRoot, region, allowCommands }: JobsPolicyProps): Validation[] {
  const refused = ["workerId", ...(allowCommands ? [] : ["evaluationCommand"])];
  const names = [...SETTING_NAMES.filter((name) => !refused.includes(name)).map(variableName), "AWS_REGION"];
  const others = "variables.env.filter(one, !(one in variables.template.index))";
  const wrong = `${others}.filter(one, !(one.name in ${celLiteral(names)}) || one.exists(key, !(key in ["name", "value"])))`;
  return [
    {
      expression: `${wrong}.size() == 0`,
      message: "The container has an environment variable that is no setting of the worker.",
      messageExpression: `"The container may not have the environment variable " + ${wrong}.map(one, one.name).join(", ") + ", or takes it from elsewhere."`,
    },
    {
      expression: "variables.template.index.all(one, one in variables.env)",
      message: "The container takes the number of its worker from the index of the Job.",
    },
    {
      expression: `variables.env.all(one, one.?value.orValue("").size() <= ${longestValue})`,
      message: `An environment variable has ${longestValue} characters at most.`,
    },
    valueRule("RESULTS_URL", `startsWith(${celText(resultsRoot)})`, `begins with ${resultsRoot}`),
    valueRule("AWS_REGION", `matches(${celText(`^${region}$`)})`, `is ${region}`),
  ];
}

/** Every value of a variable is as it must be, because the last one counts; and there is one. */
function valueRule(name: string, condition: string, words: string): Validation {
  const all = `variables.env.filter(one, one.name == ${celText(name)})`;
  return {
    expression: `${all}.size() > 0 && ${all}.all(one, one.?value.orValue("").${condition})`,
    message: `The environment variable ${name} of a Job of the API ${words}.`,
  };
}

/**
 * Every field is that of the template, and none is missing, except those that are checked by others.
 *
 * @param what names the fields in the words of a refusal.
 */
function sameRule(what: string, object: string, template: string, others: readonly string[]): Validation {
  const isOther = `key in ${celLiteral(others)}`;
  const added = `${object}.filter(key, !(${isOther}) && (!(key in ${template}) || ${object}[key] != ${template}[key]))`;
  const left = `${template}.filter(key, !(${isOther}) && !(key in ${object}))`;
  const differences = template === "{}" ? added : `(${added} + ${left})`;
  const message = `A Job of the API has other ${what} than the template of its size`;
  return {
    expression: `${differences}.size() == 0`,
    message: `${message}.`,
    messageExpression: `"${message}: " + ${differences}.join(", ") + "."`,
  };
}
