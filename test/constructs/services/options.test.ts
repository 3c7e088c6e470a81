import { ingressOptionsSchema, oidcOptionsSchema } from "../../../constructs/services/ingress-options.ts";
import { serviceJobsOptionsSchema } from "../../../constructs/services/service-jobs-options.ts";
import { servicesOptionsSchema } from "../../../constructs/services/services-options.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

test("the fields of services, as errors and the reference describe them", () => {
  expect(fieldsOf(servicesOptionsSchema.omit({ ingress: true, jobs: true }))).toEqual([
    "minReplicas?; must be a whole number from 1 to 50; example 2; default 2",
    "maxReplicas?; must be a whole number from 1 to 50; example 5; default 5",
    "allowCommands?; must be true or false; example true; default false",
    "submissionsPerMinute?; must be a whole number from 1 to 1,000; example 10; default 10",
  ]);
});

test("the fields of services accept their own examples, and no unknown field", () => {
  expect(fieldsThatMisbehave(servicesOptionsSchema.omit({ ingress: true }))).toEqual([]);
  expect(fieldsThatMisbehave(ingressOptionsSchema.omit({ oidc: true }))).toEqual([]);
  expect(fieldsThatMisbehave(oidcOptionsSchema)).toEqual([]);
  expect(fieldsThatMisbehave(serviceJobsOptionsSchema.pick({ size: true, maxWorkers: true }))).toEqual([]);
});
