import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubernetesApi, KubernetesObject } from "./kubernetes-api.ts";
import { definitionsOfKeda } from "./programs.ts";

/** Makes KEDA's kinds of objects known to the API server, and waits until it serves them. Nothing acts on them. */
export async function installDefinitionsOfKeda(api: KubernetesApi): Promise<void> {
  const folder = definitionsOfKeda();
  const definitions = readdirSync(folder).map(
    (name): KubernetesObject => parse(readFileSync(join(folder, name), "utf8")),
  );
  for (const definition of definitions) await api.create(definition);
  for (const definition of definitions) await api.until(definition, isEstablished);
}

function isEstablished(definition: KubernetesObject | undefined): boolean {
  const conditions: KubernetesObject[] = definition?.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Established" && status === "True");
}
