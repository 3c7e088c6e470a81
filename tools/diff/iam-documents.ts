import { isDeepStrictEqual } from "node:util";
import { newlyAdmitted } from "./admitted-addresses.ts";

/** A statement of a policy, with lists in place of single values. */
interface Statement {
  readonly effect: "Allow" | "Deny";
  /** Each as `type:name`. A policy of an identity has the one principal "". */
  readonly principals: Names;
  readonly actions: Names;
  readonly resources: Names;
  readonly conditions: Conditions;
}

/** Values by operator and key, for example `StringEquals aws:sourceaccount`. */
type Conditions = Readonly<Record<string, readonly string[]>>;

/** These names, or all others. */
interface Names {
  readonly except: boolean;
  readonly names: readonly string[];
}

/** More combinations of a document are not compared one by one. */
const mostCombinations = 20_000;

/**
 * The reason why a policy document permits more than the one before it; undefined if it permits the same or less. Order, spelling of single
 * values as lists, and statement IDs change nothing. It never misses a permission, and gives a reason where it cannot decide.
 *
 * @param before JSON of the document, or undefined if there was none.
 * @param after JSON of the document; without one nothing is permitted.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function widenedPermissions(before: string | undefined, after: string | undefined): string | undefined {
  const [old, now] = [statementsOf(before), statementsOf(after)];
  if (old === undefined || now === undefined) return before === after ? undefined : "the document cannot be compared";
  if (old.version !== now.version && old.statements.length > 0 && now.statements.length > 0) {
    return `the document's version changes from ${old.version} to ${now.version}`;
  }
  const [allowedBefore, deniedBefore] = byEffect(old.statements);
  const [allowedAfter, deniedAfter] = byEffect(now.statements);
  const granted = firstUncovered(allowedAfter, allowedBefore, grantedIf);
  if (granted !== undefined) return `it now allows ${granted}`;
  const released = firstUncovered(deniedBefore, deniedAfter, releasedIf);
  return released === undefined ? undefined : `it no longer denies ${released}`;
}

/** Whether a text is JSON of a policy document. */
export function isPolicyDocument(text: unknown): text is string {
  if (typeof text !== "string" || !text.includes('"Statement"')) return false;
  return (statementsOf(text)?.statements.length ?? 0) > 0;
}

function byEffect(statements: readonly Statement[]): [allow: Statement[], deny: Statement[]] {
  return [statements.filter(({ effect }) => effect === "Allow"), statements.filter(({ effect }) => effect === "Deny")];
}

function statementsOf(
  text: string | undefined,
): { readonly version: string; readonly statements: readonly Statement[] } | undefined {
  if (text === undefined || text.trim() === "") return { version: "", statements: [] };
  try {
    const { Version = "2008-10-17", Statement = [] } = JSON.parse(text);
    const statements = listOf(Statement).map((one) => {
      const {
        Effect,
        Principal,
        NotPrincipal,
        Action,
        NotAction,
        Resource,
        NotResource,
        Condition = {},
      } = one as Record<string, unknown>;
      if (Effect !== "Allow" && Effect !== "Deny") throw new Error("no effect");
      return {
        effect: Effect as "Allow" | "Deny",
        principals: namesOf(
          principalsOf(Principal),
          NotPrincipal === undefined ? undefined : principalsOf(NotPrincipal),
        ),
        actions: namesOf(
          stringsOf(Action).map(lowered),
          NotAction === undefined ? undefined : stringsOf(NotAction).map(lowered),
        ),
        resources: namesOf(stringsOf(Resource), NotResource === undefined ? undefined : stringsOf(NotResource)),
        conditions: conditionsOf(Condition as Record<string, Record<string, unknown>>),
      };
    });
    return { version: String(Version), statements };
  } catch {
    return undefined;
  }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const lowered = (text: string) => text.toLowerCase();

/** An absent element is one name, "", so that it can be compared like others. */
function stringsOf(value: unknown): string[] {
  return value === undefined ? [""] : [...new Set(listOf(value).map(String))].sort();
}

function namesOf(names: readonly string[], others: readonly string[] | undefined): Names {
  return others === undefined ? { except: false, names } : { except: true, names: others };
}

function principalsOf(value: unknown): string[] {
  if (value === undefined) return [""];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return stringsOf(value).map((name) => (name === "*" ? "*" : `AWS:${name}`));
  }
  return Object.entries(value)
    .flatMap(([type, names]) => stringsOf(names).map((name) => principalOf(type, name)))
    .sort();
}

function principalOf(type: string, name: string): string {
  if (type === "AWS" && name === "*") return "*";
  // An account's number stands for its root.
  return type === "AWS" && /^\d{12}$/.test(name) ? `AWS:arn:aws:iam::${name}:root` : `${type}:${name}`;
}

function conditionsOf(value: Readonly<Record<string, Record<string, unknown>>>): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([operator, keys]) =>
      // Names of keys are the same in upper and lower case.
      Object.entries(keys).map(([key, values]) => [`${operator} ${key.toLowerCase()}`, stringsOf(values)] as const),
    ),
  );
}

/** The first combination of action, resource and principal that no statement of the others holds, in words. */
function firstUncovered(
  statements: readonly Statement[],
  by: readonly Statement[],
  conditionsInWords: (own: Conditions, missed: Conditions) => string,
): string | undefined {
  for (const statement of statements) {
    if (by.some((other) => isDeepStrictEqual(other, statement))) continue;
    const parts = combinations(statement);
    const found = parts?.find((part) => !by.some((other) => holds(other, part)));
    if (parts !== undefined && found === undefined) continue;
    const { own, missed } = missedConditions(found ?? statement, by);
    const said = `${inWords(found ?? statement)}${conditionsInWords(own, missed)}`;
    return parts === undefined ? `${said}, which is too much to compare` : said;
  }
  return undefined;
}

/** The conditions for which a statement is in no other: its own ones, and those that it lacks of the one that misses the fewest. */
function missedConditions(statement: Statement, by: readonly Statement[]): Record<"own" | "missed", Conditions> {
  const only = (of: Conditions, isKept: (name: string, values: readonly string[]) => boolean) =>
    Object.fromEntries(Object.entries(of).filter(([name, values]) => isKept(name, values)));
  const [nearest] = by
    .filter((other) => holds({ ...other, conditions: {} }, statement))
    .map(({ conditions }) => ({
      own: only(statement.conditions, (name, values) => !isDeepStrictEqual(conditions[name], values)),
      missed: only(conditions, (name, values) => !isAsStrict(name, values, statement.conditions[name])),
    }))
    .sort((one, other) => Object.keys(one.missed).length - Object.keys(other.missed).length);
  return nearest ?? { own: statement.conditions, missed: {} };
}

function grantedIf(own: Conditions, missed: Conditions): string {
  if (isNone(missed)) return isNone(own) ? "" : ` under ${listed(own)}`;
  return isNone(own) ? ` without ${listed(missed)}` : ` under ${listed(own)}, in place of ${listed(missed, "")}`;
}

function releasedIf(own: Conditions, missed: Conditions): string {
  return `${isNone(own) ? "" : ` under ${listed(own)}`}${isNone(missed) ? "" : `, except under ${listed(missed)}`}`;
}

const isNone = (conditions: Conditions) => Object.keys(conditions).length === 0;

function listed(
  conditions: Conditions,
  noun = `the condition${Object.keys(conditions).length === 1 ? "" : "s"} `,
): string {
  const all = Object.entries(conditions).map(
    ([name, values]) => `${name} ${firstOf(values.map((one) => JSON.stringify(one)))}`,
  );
  return `${noun}${all.join(" and ")}`;
}

const firstOf = (names: readonly string[]) =>
  names.slice(0, 3).join(", ") + (names.length > 3 ? ` and ${names.length - 3} more` : "");

/** A statement as one for each principal, action and resource. An exception stays whole. */
function combinations(statement: Statement): Statement[] | undefined {
  const split = ({ except, names }: Names): Names[] =>
    except ? [{ except, names }] : names.map((name) => ({ except, names: [name] }));
  const [principals, actions, resources] = [statement.principals, statement.actions, statement.resources].map(split);
  if (principals === undefined || actions === undefined || resources === undefined) return [];
  if (principals.length * actions.length * resources.length > mostCombinations) return undefined;
  return principals.flatMap((one) =>
    actions.flatMap((two) =>
      resources.map((three) => ({ ...statement, principals: one, actions: two, resources: three })),
    ),
  );
}

function holds(outer: Statement, inner: Statement): boolean {
  return (
    holdsNames(outer.principals, inner.principals, (name, other) => name === "*" || name === other) &&
    holdsNames(outer.actions, inner.actions, holdsPattern) &&
    holdsNames(outer.resources, inner.resources, holdsPattern) &&
    Object.entries(outer.conditions).every(([name, values]) => isAsStrict(name, values, inner.conditions[name]))
  );
}

function holdsNames(outer: Names, inner: Names, holdsName: (outer: string, inner: string) => boolean): boolean {
  if (outer.except) {
    // Excluding the same names, or more, leaves less. A single name must share nothing with the excluded ones, with certainty.
    if (inner.except) return outer.names.every((name) => inner.names.some((other) => holdsName(other, name)));
    const isOther = (name: string, other: string) =>
      beginsOtherwise(name, other) || (!/[*?]/.test(name) && !holdsName(other, name));
    return inner.names.every((name) => outer.names.every((other) => isOther(name, other)));
  }
  if (inner.except) return outer.names.includes("*");
  return inner.names.every((name) => outer.names.some((other) => holdsName(other, name)));
}

/** Whether two patterns differ before the first wildcard or variable of either, so that no text is one of both. */
function beginsOtherwise(one: string, other: string): boolean {
  const [first = "", second = ""] = [one, other].map((pattern) => pattern.split(/[*?$]/, 1)[0]);
  return !first.startsWith(second) && !second.startsWith(first);
}

/** Whether every text of the inner pattern is one of the outer: its `*` and `?` meet only those of the outer. */
export function holdsPattern(outer: string, inner: string): boolean {
  if (outer === "*" || outer === inner) return true;
  // A classic match with one point of return, which takes linear memory and no regular expression.
  let [o, i, star, back] = [0, 0, -1, 0];
  while (i < inner.length) {
    const wanted = outer[o];
    if (wanted === "*") {
      star = o++;
      back = i;
    } else if ((wanted === "?" && inner[i] !== "*") || (wanted !== undefined && wanted === inner[i])) {
      o++;
      i++;
    } else if (star >= 0) {
      o = star + 1;
      i = ++back;
    } else {
      return false;
    }
  }
  return /^\**$/.test(outer.slice(o));
}

/** Whether the inner condition of the same operator and key is at least as strict. A missing one is not. */
function isAsStrict(name: string, outer: readonly string[], inner: readonly string[] | undefined): boolean {
  if (inner === undefined) return false;
  if (isDeepStrictEqual(outer, inner)) return true;
  const [operator = ""] = name.split(" ");
  const within = (some: readonly string[], all: readonly string[]) => some.every((value) => all.includes(value));
  if (operator === "IpAddress") return newlyAdmitted(outer, inner).length === 0;
  if (operator === "NotIpAddress") return newlyAdmitted(inner, outer).length === 0;
  // A key must have one of the values, so fewer are stricter; with Not it must have none, so more are.
  if (/^(String|Arn)Not(Equals|Like)(IgnoreCase)?$/.test(operator)) return within(outer, inner);
  if (/^(String|Arn)(Equals|Like)(IgnoreCase)?$/.test(operator)) return within(inner, outer);
  return false;
}

function inWords({ principals, actions, resources }: Statement): string {
  const those = ({ except, names }: Names) => `${except ? "all but " : ""}${firstOf(names)}`;
  const has = ({ names }: Names) => names.some((name) => name !== "");
  return [
    those(actions),
    has(resources) ? ` on ${those(resources)}` : "",
    has(principals) ? ` by ${those(principals)}` : "",
  ].join("");
}
