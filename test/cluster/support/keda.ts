import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubernetesApi, KubernetesObject } from "./kubernetes-api.ts";
import { folderOfKeda } from "./programs.ts";

/** Makes KEDA's kinds of objects known to the API server, and waits until it serves them. Nothing acts on them. */
export async function installDefinitionsOfKeda(api: KubernetesApi): Promise<void> {
  const names = readdirSync(folderOfKeda()).filter((name) => /keda\.sh_.*\.yaml$/.test(name));
  const definitions = names.map((name): KubernetesObject => parse(read(name)));
  for (const definition of definitions) await api.create(definition);
  for (const definition of definitions) await api.until(definition, isEstablished);
}

/** A setting of a trigger, as KEDA lists it. */
export interface TriggerParameter {
  readonly name: string;
  readonly optional?: boolean;
  readonly default?: string;
}

/**
 * The settings that a type of trigger has. KEDA's definitions allow any name in a trigger's `metadata`, and its operator says nothing of one
 * that it does not know.
 */
export function triggerParameters(trigger: string): readonly TriggerParameter[] {
  const { scalers } = JSON.parse(read("scalers-schema.json"));
  const found = scalers.find(({ type }: KubernetesObject) => type === trigger);
  if (found === undefined) throw new Error(`KEDA has no trigger ${trigger}`);
  return found.parameters;
}

function isEstablished(definition: KubernetesObject | undefined): boolean {
  const conditions: KubernetesObject[] = definition?.status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Established" && status === "True");
}

function read(name: string): string {
  return readFileSync(join(folderOfKeda(), name), "utf8");
}
