export * from "./chart-release.ts";
export * from "./cluster-autoscaler.ts";
export * from "./cluster-autoscaler-policy.ts";
export * from "./nvidia-device-plugin.ts";
