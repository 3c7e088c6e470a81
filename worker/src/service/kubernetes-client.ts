/** The parts of the library that this server uses. Imported by name, they are a third of the 14 MB that the whole is. */
export { BatchV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
