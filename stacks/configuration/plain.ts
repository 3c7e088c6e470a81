import { formatCount } from "sweep-worker/contract";
import { z } from "zod";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import { unwrapped } from "./schema-fields.ts";

/** A copy of an input that holds plain data wherever its schema asks for data, and the problems of everything that is none. */
export interface Plain {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** The schema of unknown fields, which are reported elsewhere. */
const anything = z.unknown();

/** A text of an environment ends in a variable of a process, whose length Linux limits to 128 KiB (`MAX_ARG_STRLEN`). */
const longestText = 32_768;
/** The mark that CDK for Terraform puts in the place of a value of a resource. An environment has no resources. */
const tokenOfTerraform = /[$#]\{TfToken\[/;
/** Entries of a list or an object. AWS and Kubernetes allow far fewer wherever an environment has one. */
const mostEntries = 1000;

/**
 * Reads an input once, along its schema. An environment is a program's value, and can be more than data: an instance of a class, a
 * list with holes, a property that throws. Values of another kind than the schema's are kept as they are, for the schema to refuse.
 */
export function plainOf(schema: z.core.$ZodType, input: unknown): Plain {
  return read(schema, () => input);
}

function read(schema: z.core.$ZodType, input: () => unknown): Plain {
  try {
    return copyOf(unwrapped(schema), input());
  } catch (error) {
    // Getters and proxies run code of their own, which may throw.
    const got = `an error (${messageOf(error)})`;
    return refusal({ path: [], allowed: "a value that can be read", got, fix: "write plain data" });
  }
}

/** The message of anything that was thrown, which can throw in its turn when it is read. */
function messageOf(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.message === "string") return error.message;
  } catch {
    // It is as good as none.
  }
  return "of an unknown kind";
}

function copyOf(schema: z.core.$ZodType, input: unknown): Plain {
  if (typeof input === "string") return textOf(input);
  if (Object.is(input, -0)) {
    return refusal({ path: [], allowed: "a number without a sign if it is 0", got: "-0", fix: "use 0" });
  }
  if (typeof input !== "object" || input === null) return { value: input, problems: [] };
  if (Array.isArray(input))
    return schema instanceof z.ZodArray ? listOf(schema.element, input) : { value: input, problems: [] };
  if (!isPlain(input)) return instanceRefusal(input);
  if (schema instanceof z.ZodObject) return objectOf((key) => schema.shape[key], input);
  if (schema instanceof z.ZodRecord) return objectOf(() => schema.valueType, input);
  return { value: { ...input }, problems: [] };
}

/** Whether an object is written as `{ ... }`, in whatever realm: tests and tools make objects in others. */
function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === null || Object.hasOwn(prototype, "isPrototypeOf");
}

function instanceRefusal(object: object): Plain {
  const name = Object.getPrototypeOf(object).constructor?.name;
  const got = typeof name === "string" && name !== "" && name !== "Object" ? `an instance of ${name}` : show(object);
  return refusal({ path: [], allowed: "a plain value", got, fix: "write plain data, such as { ... } or [ ... ]" });
}

function textOf(text: string): Plain {
  if (text.length > longestText) {
    const got = `${formatCount(text.length)} characters`;
    return refusal({
      path: [],
      allowed: `a text of at most ${formatCount(longestText)} characters`,
      got,
      fix: "shorten it",
    });
  }
  if (tokenOfTerraform.test(text)) {
    const fix = "write the value itself";
    return refusal({ path: [], allowed: "known at synthesis", got: "a token of Terraform", fix });
  }
  if (!/[\0\p{Surrogate}]/u.test(text)) return { value: text, problems: [] };
  const allowed = "a text without null characters and halves of characters";
  return refusal({ path: [], allowed, got: show(text), fix: "remove them: no program can receive them" });
}

function listOf(element: z.core.$ZodType, list: readonly unknown[]): Plain {
  if (list.length > mostEntries) return tooMany("a list", list.length);
  const copies = Array.from({ length: list.length }, (_, index) => at(index, element, () => list[index]));
  return { value: copies.map(({ value }) => value), problems: copies.flatMap(({ problems }) => problems) };
}

function objectOf(schemaOf: (key: string) => z.core.$ZodType | undefined, object: object): Plain {
  const keys = Object.keys(object);
  if (keys.length > mostEntries) return tooMany("an object", keys.length);
  const value: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const key of keys) {
    if (key === "__proto__") {
      const got = "a property of this name";
      problems.push({
        path: [key],
        allowed: "left out",
        got,
        fix: "rename it: JavaScript has a meaning of its own for it",
      });
      continue;
    }
    const copy = at(key, schemaOf(key) ?? anything, () => (object as Record<string, unknown>)[key]);
    value[key] = copy.value;
    problems.push(...copy.problems);
  }
  return { value, problems };
}

function at(key: PropertyKey, schema: z.core.$ZodType, input: () => unknown): Plain {
  const { value, problems } = read(schema, input);
  return { value, problems: within([key], problems) };
}

function tooMany(kind: string, count: number): Plain {
  const allowed = `${kind} of at most ${formatCount(mostEntries)} entries`;
  return refusal({ path: [], allowed, got: `${formatCount(count)} entries`, fix: "shorten it" });
}

function refusal(problem: Problem): Plain {
  return { value: undefined, problems: [problem] };
}
