import { budgetAlarmOptionsSchema } from "../../../constructs/storage/budget-alarm.ts";
import { containerRegistryOptionsSchema } from "../../../constructs/storage/container-registry.ts";
import { resultsBucketOptionsSchema } from "../../../constructs/storage/results-bucket.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

test("the options of a budget alarm, as errors and the reference describe them", () => {
  expect(fieldsOf(budgetAlarmOptionsSchema)).toEqual([
    "limitUsdPerMonth; must be more than 0 US dollars, in whole cents, and at most 1,000,000,000; example 500",
    'notifyEmails; must be a list of mail addresses; example ["team@example.com"]',
    'notifyEmails[]; must be a mail address (name@domain); example "team@example.com"',
  ]);
  expect(fieldsThatMisbehave(budgetAlarmOptionsSchema)).toEqual([]);
});

test("the options of a container registry, as errors and the reference describe them", () => {
  expect(fieldsOf(containerRegistryOptionsSchema)).toEqual([
    "forceDelete?; must be true or false; example true; default false",
  ]);
  expect(fieldsThatMisbehave(containerRegistryOptionsSchema)).toEqual([]);
});

test("the options of a results bucket, as errors and the reference describe them", () => {
  expect(fieldsOf(resultsBucketOptionsSchema)).toEqual([
    "forceDestroy?; must be true or false; example true; default false",
    "expirationInDays?; must be a whole number of days from 1 to 2,147,483,647; example 90",
  ]);
  expect(fieldsThatMisbehave(resultsBucketOptionsSchema)).toEqual([]);
});
