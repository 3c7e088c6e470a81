export { type Download, Monitor, type MonitorOptions, NotFoundError } from "./monitor.ts";
