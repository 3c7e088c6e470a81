import type { Report } from "./outcome.ts";
import type { Plan } from "./plan.ts";
import { redactor } from "./redact.ts";

/** A warning of Terraform or of a provider, or a check that fails, once for all that it is about. */
export interface Message {
  readonly text: string;
  /** Resources and checks, each with its stack; a stack alone if Terraform names nothing. */
  readonly places: readonly string[];
}

/** What Terraform itself warns of, and the checks that fail, without sensitive values. */
export function messagesOf({ outcomes }: Report): Message[] {
  const places = new Map<string, Set<string>>();
  for (const outcome of outcomes) {
    if (outcome.kind !== "planned") continue;
    const { stack, plan, warnings = [] } = outcome;
    const hide = redactor(plan);
    const add = (text: string, place: string | undefined) => {
      const shown = hide(oneLine(text));
      const known = places.get(shown) ?? new Set<string>();
      places.set(shown, known.add(place === undefined ? stack : `${stack}: ${place}`));
    };
    const failed = failedChecks(plan);
    for (const { text, place } of failed) add(`a check fails: ${text}`, place);
    for (const { summary, detail, address } of warnings) {
      // The plan has said it already, with the name of the check.
      if (failed.some(({ text }) => oneLine(text) === oneLine(detail))) continue;
      add(detail === "" ? summary : `${summary}: ${detail}`, address);
    }
  }
  return [...places].map(([text, of]) => ({ text, places: [...of] }));
}

/** The same text in the plan and in Terraform's output, which breaks its lines elsewhere. */
const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

function failedChecks({ checks = [] }: Plan): { readonly text: string; readonly place: string }[] {
  const hasFailed = ({ status }: { readonly status: string }) => status === "fail" || status === "error";
  return checks.filter(hasFailed).flatMap(({ address, status, instances = [] }) => {
    const problems = instances.filter(hasFailed).flatMap((instance) => {
      const texts = (instance.problems ?? []).map(({ message }) => message);
      const place = instance.address.to_display;
      return (texts.length > 0 ? texts : [statusText(instance.status)]).map((text) => ({ text, place }));
    });
    return problems.length > 0 ? problems : [{ text: statusText(status), place: address.to_display }];
  });
}

function statusText(status: string): string {
  return status === "error" ? "it could not be evaluated" : "it gives no message";
}
