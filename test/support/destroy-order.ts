import type { ResourceJson, Synthesized } from "./synthesized.ts";

/**
 * The order in which Terraform creates resources, from the synthesized references and `depends_on`. It destroys in the opposite
 * order.
 */
export class DestroyOrder {
  private readonly dependencies: ReadonlyMap<string, readonly string[]>;

  constructor(synthesized: Synthesized) {
    const addresses = new Set(synthesized.resources.keys());
    this.dependencies = new Map(
      [...synthesized.resources].map(([address, resource]) => [
        address,
        referencesIn(resource).filter((reference) => addresses.has(reference) && reference !== address),
      ]),
    );
  }

  /** Whether `first` is certainly destroyed before `second`, because it depends on it, perhaps through others. */
  destroysBefore(first: string, second: string): boolean {
    return this.allDependencies(first).has(second);
  }

  /** All resources that still exist while Terraform destroys `address`. */
  allDependencies(address: string): ReadonlySet<string> {
    const found = new Set<string>();
    const pending = [address];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const dependency of this.dependencies.get(next) ?? []) {
        if (!found.has(dependency)) pending.push(dependency);
        found.add(dependency);
      }
    }
    return found;
  }
}

function referencesIn(resource: ResourceJson): string[] {
  const written = JSON.stringify(resource);
  const interpolated = [...written.matchAll(/\$\{([^}]*)\}/g)].flatMap(([, expression = ""]) =>
    addressesIn(expression),
  );
  return [...interpolated, ...((resource.depends_on ?? []) as string[])];
}

function addressesIn(expression: string): string[] {
  return [...expression.matchAll(/\b(?:aws|kubernetes)_\w+\.[\w-]+|\bhelm_release\.[\w-]+/g)].map(
    ([address]) => address,
  );
}
