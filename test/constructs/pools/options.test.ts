import { instanceTypeSchema } from "../../../constructs/pools/instance-types.ts";
import { nodePoolOptionsSchema } from "../../../constructs/pools/node-pool-options.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

test("the options of a node pool, as errors and the reference describe them", () => {
  expect(fieldsOf(nodePoolOptionsSchema)).toEqual([
    'instanceTypes; must be a list of EC2 instance types; example ["c5.2xlarge"]',
    'instanceTypes[]; example "c5.2xlarge"',
    'capacity; must be fixed(nodes), dynamic(min, max) or fromZero(max); example {"mode":"fromZero","min":0,"max":50}; use for example fromZero(50)',
    'capacity.mode; fixed dynamic fromZero; example "fromZero"',
    "capacity.min; must be a whole number from 0; example 0",
    "capacity.max; must be a whole number from 1 to 450; example 50",
    'capacityType?; ON_DEMAND SPOT; example "SPOT"; default "ON_DEMAND"',
    'labels?; must be an object of labels; example {"workload-type":"executor"}; default {}',
    'labels.*; example "executor"',
    'taints?; must be a list of taints; example [{"key":"workload-type","value":"executor","effect":"NoSchedule"}]; default []',
    'taints[]; example {"key":"workload-type","value":"executor","effect":"NoSchedule"}',
    'taints[].key; must be [prefix/]name, with a DNS subdomain as prefix and up to 63 letters, digits, -, _ and . as name; example "workload-type"',
    'taints[].value?; must be empty, or up to 63 letters, digits, -, _ and .; example "executor"; default ""',
    'taints[].effect; NoSchedule PreferNoSchedule NoExecute; example "NoSchedule"',
    "gpu?; must be true or false; example true; default false",
    "volumeSizeGiB?; must be a whole number of GiB from 20 to 16384; example 50; default 50",
    'availabilityZones?; must be a list of availability zones; example ["us-west-2a"]',
    'availabilityZones[]; example "us-west-2a"',
  ]);
  expect(fieldsThatMisbehave(nodePoolOptionsSchema)).toEqual([]);
});

test("the options of an instance type, as errors and the reference describe them", () => {
  expect(fieldsOf(instanceTypeSchema)).toEqual([
    "vCpus; must be a whole number from 1; example 8",
    "memoryGiB; must be more than 0 GiB; example 16",
    "networkInterfaces; must be a whole number from 1; example 4",
    "addressesPerInterface; must be a whole number from 1; example 15",
    'architecture?; x86_64 arm64; example "arm64"',
    "threadsPerCore?; must be a whole number from 1; example 2",
    "gpus?; must be a whole number from 0; example 1; default 0",
    'accelerator?; must be the value of the label k8s.amazonaws.com/accelerator; example "nvidia-tesla-t4"',
  ]);
  expect(fieldsThatMisbehave(instanceTypeSchema)).toEqual([]);
});
