export {
  BudgetAlarm,
  type BudgetAlarmOptions,
  type BudgetAlarmProps,
  budgetAlarmOptionsSchema,
} from "./budget-alarm.ts";
export {
  ContainerRegistry,
  type ContainerRegistryOptions,
  type ContainerRegistryProps,
  containerRegistryDefaults,
  containerRegistryOptionsSchema,
} from "./container-registry.ts";
export {
  ResultsBucket,
  type ResultsBucketOptions,
  type ResultsBucketProps,
  resultsBucketDefaults,
  resultsBucketOptionsSchema,
} from "./results-bucket.ts";
