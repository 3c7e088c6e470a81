export type { FileLocation } from "../stores/store.ts";
export { Monitor, type MonitorOptions } from "./monitor.ts";
export { NotFoundError } from "./not-found.ts";
export type { CostOf } from "./state.ts";
