import { holdsPattern } from "./iam-documents.ts";
import { isObject } from "./values.ts";

const parts = ["api_groups", "resources", "verbs", "resource_names", "non_resource_urls"] as const;
type Rule = Readonly<Record<(typeof parts)[number], readonly string[]>>;

/** The permissions of a Kubernetes role's rules that the rules before do not give, in words. */
export function newPermissions(before: unknown, after: unknown): string[] {
  const known = rulesOf(before);
  return rulesOf(after)
    .flatMap((rule) => combinations(rule).filter((one) => !known.some((other) => holds(other, one))))
    .map(inWords);
}

function rulesOf(value: unknown): Rule[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((rule) => {
    // The provider writes snake case, and a chart camelCase.
    const list = (...names: readonly string[]) =>
      names.flatMap((name) => (Array.isArray(rule[name]) ? rule[name].map(String) : []));
    return {
      api_groups: list("api_groups", "apiGroups"),
      resources: list("resources"),
      verbs: list("verbs"),
      resource_names: list("resource_names", "resourceNames"),
      non_resource_urls: list("non_resource_urls", "nonResourceURLs"),
    };
  });
}

/** A rule as one for each verb on each thing. */
function combinations(rule: Rule): Rule[] {
  const split = (names: readonly string[]) => (names.length === 0 ? [[]] : names.map((name) => [name]));
  return split(rule.verbs).flatMap((verbs) =>
    split(rule.resources).flatMap((resources) =>
      split(rule.api_groups).flatMap((api_groups) =>
        split(rule.resource_names).flatMap((resource_names) =>
          split(rule.non_resource_urls).map((non_resource_urls) => ({
            verbs,
            resources,
            api_groups,
            resource_names,
            non_resource_urls,
          })),
        ),
      ),
    ),
  );
}

function holds(outer: Rule, inner: Rule): boolean {
  return parts.every((part) => {
    // No name of an object means every object.
    if (part === "resource_names" && outer[part].length === 0) return true;
    if (inner[part].length === 0) return outer[part].length === 0 || part !== "resource_names";
    return inner[part].every((name) =>
      outer[part].some(
        (other) => other === "*" || other === name || (part === "non_resource_urls" && holdsPattern(other, name)),
      ),
    );
  });
}

function inWords({ verbs, resources, api_groups, resource_names, non_resource_urls }: Rule): string {
  const group = api_groups
    .filter((name) => name !== "")
    .map((name) => `.${name}`)
    .join("");
  const named = resource_names.length === 0 ? "" : ` named ${resource_names.join(", ")}`;
  return `${verbs.join(", ")} ${resources.join(", ")}${group}${non_resource_urls.join(", ")}${named}`;
}
