import { showDollars, times } from "../cost/money.ts";
import { hoursPerMonth, instancePrice, readPrices } from "../cost/price-table.ts";
import { ToolError } from "../support/tool.ts";
import type { MonthlyPrice } from "./loosened.ts";
import type { Plan } from "./plan.ts";

/** The price of machines in the region of a plan, without their volumes. A price that is missing is no error of a diff. */
export function machinePrice({ configuration }: Plan): MonthlyPrice {
  const region = constantOf(configuration?.provider_config?.aws?.expressions?.region);
  return ({ instance_types, capacity_type }, machines) => {
    const [type] = Array.isArray(instance_types) ? instance_types : [];
    if (typeof type !== "string" || region === undefined) return undefined;
    try {
      const { onDemand, spot } = instancePrice(readPrices(), region, type);
      const hourly =
        capacity_type === "SPOT" ? { least: spot.least, most: onDemand } : { least: onDemand, most: onDemand };
      return `${showDollars(times(machines * hoursPerMonth, hourly))} a month for ${type}${capacity_type === "SPOT" ? ", spot" : ""}, without volumes`;
    } catch (error) {
      if (error instanceof ToolError) return undefined;
      throw error;
    }
  };
}

function constantOf(expression: unknown): string | undefined {
  const value = (expression as { readonly constant_value?: unknown } | undefined)?.constant_value;
  return typeof value === "string" ? value : undefined;
}
