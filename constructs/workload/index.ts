export { type MachinesRemark, machinesRemark } from "./job-machines.ts";
export { RestrictedNamespace, type RestrictedNamespaceProps } from "./restricted-namespace.ts";
export { StartDeadline, type StartDeadlineProps, startDeadlineMinutes } from "./start-deadline.ts";
export {
  type ContainerImage,
  type EvaluationChoice,
  type EvaluationIdentity,
  prebuiltImage,
  WorkerImage,
  type WorkerImageProps,
} from "./worker-image.ts";
export { evaluationChoiceOf, jobAnnotations, WorkerJob, type WorkerJobProps } from "./worker-job.ts";
export { workerJobProblems } from "./worker-job-problems.ts";
export {
  jobDefaults,
  type Placement,
  placements,
  type WorkerJobSettings,
  workerJobSettingsSchema,
  workerSettingNames,
} from "./worker-job-settings.ts";
export { WorkerNamespace, type WorkerNamespaceProps } from "./worker-namespace.ts";
