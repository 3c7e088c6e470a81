import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, TerraformStack, Testing } from "cdktf";

/** A resource as Terraform reads it: snake case, references as `${aws_vpc.name.id}`. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it with toMatchObject.
export type ResourceJson = Record<string, any>;

interface StackJson {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceJson>>>>;
  readonly data?: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: an output is a text, or a map of them.
  readonly output?: Readonly<Record<string, { readonly value: any }>>;
  readonly provider?: Readonly<Record<string, readonly ResourceJson[]>>;
  readonly terraform?: ResourceJson;
}

/** The parsed Terraform JSON of a stack, without cdktf's own metadata. */
export class Synthesized {
  /**
   * @param dependencies ids of the stacks that must be deployed before this one.
   * @param folder in which Terraform runs, with the stack's assets.
   */
  constructor(
    readonly json: StackJson,
    readonly dependencies: readonly string[] = [],
    readonly folder = "",
  ) {}

  static of(stack: TerraformStack): Synthesized {
    return new Synthesized(JSON.parse(Testing.synth(stack)));
  }

  /** Every resource by Terraform address. */
  get resources(): ReadonlyMap<string, ResourceJson> {
    return new Map(
      Object.entries(this.json.resource ?? {}).flatMap(([type, named]) =>
        Object.entries(named).map(([name, resource]) => [`${type}.${name}`, resource] as const),
      ),
    );
  }

  /** Terraform addresses in alphabetical order: changing one destroys a resource and makes another. */
  get addresses(): string[] {
    return [...this.resources.keys()].sort();
  }

  /** All resources of a type whose names begin with `prefix`. */
  all(type: string, prefix = ""): ResourceJson[] {
    return this.#named(type, prefix).map(([, resource]) => resource);
  }

  #named(type: string, prefix: string): [string, ResourceJson][] {
    return Object.entries(this.json.resource?.[type] ?? {}).filter(([name]) => name.startsWith(prefix));
  }

  /** The only resource of its type, or the only one whose name begins with `prefix`. */
  one(type: string, prefix = ""): ResourceJson {
    const named = this.#named(type, prefix);
    const [first] = named;
    if (named.length !== 1 || first === undefined) {
      throw new Error(
        `expected one ${type} ${prefix}*, found ${named.length}: ${named.map(([name]) => name).join(", ")}`,
      );
    }
    return first[1];
  }

  /** Address of the only resource that {@link one} finds. */
  address(type: string, prefix = ""): string {
    const resource = this.one(type, prefix);
    return [...this.resources].find(([, other]) => other === resource)?.[0] ?? "";
  }
}

/** Synthesizes a stack with the constructs that `build` adds. */
export function synthesize(build: (stack: TerraformStack) => void): Synthesized {
  const stack = new TerraformStack(Testing.app(), "test");
  build(stack);
  return Synthesized.of(stack);
}

/** Synthesizes a whole app as `cdktf synth` does, references between stacks included. */
export function synthesizeApp(app: App): ReadonlyMap<string, Synthesized> {
  app.synth();
  return new Map(
    app.node.children.filter(TerraformStack.isStack).map(({ node, dependencies }) => {
      const folder = join(app.outdir, "stacks", node.id);
      const before = dependencies.map((stack) => stack.node.id);
      return [node.id, new Synthesized(JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8")), before, folder)];
    }),
  );
}

/** The message of the error that `act` throws. */
export function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}
