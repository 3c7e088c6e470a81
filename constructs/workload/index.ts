export * from "./image-content.ts";
export * from "./worker-image.ts";
export * from "./worker-job.ts";
export * from "./worker-job-problems.ts";
export * from "./worker-job-settings.ts";
export * from "./worker-namespace.ts";
export * from "./worker-pod.ts";
