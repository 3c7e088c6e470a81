import { billOf } from "../cost/bill-of-stacks.ts";
import { readPrices } from "../cost/price-table.ts";
import type { EnvironmentBill, RemovedStack } from "./outcome.ts";

interface StackJson {
  readonly id: string;
  readonly json: string;
}

/** The monthly bills of environments, and what they were in the stacks before, if those are known. */
export function comparedBills(
  names: readonly string[],
  after: readonly StackJson[],
  before: readonly StackJson[] | undefined,
): EnvironmentBill[] {
  const table = readPrices();
  const has = (stacks: readonly StackJson[], name: string) => stacks.some(({ id }) => id.startsWith(`${name}-`));
  return names
    .filter((name) => has(after, name))
    .map((environment) => ({
      environment,
      ...(before !== undefined && has(before, environment) && { before: billOf(environment, before, table) }),
      after: billOf(environment, after, table),
    }));
}

/**
 * The stacks that the code no longer has, each with the bill of its idle month.
 *
 * @param ids those stacks.
 * @param after all stacks that the code has: a new one with the same part, or else of the same environment, may be the same under another
 * name.
 */
export function removedStacks(
  ids: readonly string[],
  after: readonly StackJson[],
  before: readonly StackJson[],
): RemovedStack[] {
  const table = readPrices();
  const isNew = ({ id }: StackJson) => before.every((stack) => stack.id !== id);
  return ids.map((stack) => {
    const own = before.filter(({ id }) => id === stack);
    const [part = ""] = /[^-]*$/.exec(stack) ?? [];
    const environment = stack.slice(0, -part.length - 1);
    const { idle, lacks } = billOf(environment, own, table);
    const successor =
      after.find((other) => isNew(other) && other.id.endsWith(`-${part}`)) ??
      after.find((other) => isNew(other) && other.id.startsWith(`${environment}-`));
    return {
      stack,
      ...(lacks.length === 0 && { idleUsdPerMonth: idle }),
      ...(successor !== undefined && { renamedTo: successor.id }),
    };
  });
}
