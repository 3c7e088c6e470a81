import { z } from "zod";
import { environmentSchema, s3StateSchema, workloadSchema } from "../../../stacks/configuration/schema.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

/** Fields of the constructs' own options, whose tests are beside those of the constructs. */
const ofConstructs =
  /^(network|existingNetwork|cluster|nodePools\.\*|instanceTypes\.\*|registry|results|services|budget)\.|^workload\.(jobs\[\]\.(?!nodePool|size)|executors\[\]\.)/;

test("the fields of an environment, as errors and the reference describe them", () => {
  expect(fieldsOf(environmentSchema).filter((line) => !ofConstructs.test(line))).toEqual([
    'name; must be a DNS label; example "dev"',
    'accountId; must be an AWS account of 12 digits; example "111122223333"',
    'region; must be a region of AWS; example "us-west-2"',
    'availabilityZones; must be a list of availability zones; example ["us-west-2a","us-west-2b"]',
    'availabilityZones[]; must be a zone of the region; example "us-west-2a"',
    "network?",
    "existingNetwork?",
    "cluster",
    'nodePools; must be an object of pools by name; example {"general":{"instanceTypes":["t3.large"],"capacity":{"mode":"dynamic","min":2,"max":10}}}; use for example { general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) } }',
    "nodePools.*",
    'instanceTypes?; must be an object of figures by instance type; example {"c5.metal":{"vCpus":96,"memoryGiB":192,"networkInterfaces":15,"addressesPerInterface":50}}; default {}',
    "instanceTypes.*",
    'registry?; example {"forceDelete":true}; default {}',
    'results?; example {"expirationInDays":90}; default {}',
    "workload",
    'workload.namespace; must be a namespace of its own; example "sweep"',
    'workload.image?; must be the reference of an image; example "docker.io/example/ttg-worker:1.0.0"',
    'workload.baseImage?; must be the reference of an image; example "docker.io/library/python:3.13-slim-bookworm"',
    "workload.jobs; must be a list of jobs; example []",
    "workload.jobs[]",
    'workload.jobs[].nodePool?; must be the name of a pool; example "executor"',
    'workload.jobs[].size?; small large gpu; example "small"',
    'workload.executors?; must be a list of executors; example [{"size":"large","max":50}]; default []; use for example [{ size: "large", max: 50 }]',
    "workload.executors[]",
    "services?",
    "budget?",
    'tags?; must be an object of texts by key; example {"CostCenter":"research"}; default {}',
    'tags.*; must be a text; example "research"',
    "s3State?",
    's3State.bucket; must be the name of a bucket; example "my-terraform-state"',
    's3State.region; must be a region of AWS; example "us-west-2"',
  ]);
});

test("the fields of an environment accept their own examples, and no unknown field", () => {
  const { accountId, name, region, availabilityZones, nodePools, instanceTypes, registry, results, tags } =
    environmentSchema.shape;
  const described = { accountId, name, region, availabilityZones, nodePools, instanceTypes, registry, results, tags };
  expect(fieldsThatMisbehave(z.strictObject(described))).toEqual([]);
  expect(fieldsThatMisbehave(workloadSchema)).toEqual([]);
  expect(fieldsThatMisbehave(s3StateSchema)).toEqual([]);
  const issues = environmentSchema.safeParse({ unknown: 1 }).error?.issues ?? [];
  expect(issues.map(({ code }) => code)).toContain("unrecognized_keys");
});
