import type { TerraformResult } from "../support/terraform.ts";
import type { Diagnostic } from "./outcome.ts";

/** A diagnostic with what Terraform prints of the configuration. */
export interface PrintedDiagnostic extends Diagnostic {
  readonly snippet?: {
    /** A line of the synthesized JSON. */
    readonly code?: string;
    readonly values?: readonly { readonly traversal: string }[];
  };
}

/** The errors in the output of Terraform with `-json`, one line each. */
export function errorsOf({ stdout }: TerraformResult): PrintedDiagnostic[] {
  return stdout
    .split("\n")
    .filter((line) => line.includes('"diagnostic"'))
    .flatMap((line) => {
      try {
        return JSON.parse(line).diagnostic ?? [];
      } catch {
        return [];
      }
    })
    .filter(({ severity }: Diagnostic) => severity === "error");
}

/** Helm needs a chart's index and archive to plan its release, even where nothing changes. */
const chartFix =
  "A plan of this stack needs its charts' repositories: let this machine reach them (HTTPS_PROXY), or name a mirror in constructs/addons (docs/troubleshooting.md).";

/** The errors, each once with the addresses of its resources, or with the lines of the JSON that are wrong. */
export function errorText(result: TerraformResult): string {
  const places = new Map<string, string[]>();
  for (const { summary, detail, address, snippet } of errorsOf(result)) {
    const message = detail === "" ? summary : `${summary}\n${detail}`;
    const place = address ?? snippet?.code?.trim();
    places.set(message, [...(places.get(message) ?? []), ...(place === undefined ? [] : [place])]);
  }
  const messages = [...places].map(([message, addresses]) =>
    addresses.length === 0 ? message : `${message}\n(${[...new Set(addresses)].join(", ")})`,
  );
  if (messages.some((message) => message.includes("is not a valid chart repository"))) messages.push(chartFix);
  return messages.length > 0 ? messages.join("\n\n") : (result.stderr || result.stdout).trim();
}

const warningStart = /^Warning: /m;

/**
 * The plan and the warnings in what `terraform plan -no-color` prints: lines about reads and refreshes up to an empty line, the plan,
 * and the warnings. A value in a plan is always indented, so it cannot begin a warning.
 *
 * Asking for both with `-json` would need a `terraform show` for the text, which loads the provider once more (2.4 s).
 */
export function readPrinted(stdout: string): { readonly text: string; readonly warnings: Diagnostic[] } {
  const printed = stdout.slice(Math.max(0, stdout.startsWith("\n") ? 0 : stdout.indexOf("\n\n")));
  const [text = "", ...warnings] = printed.split(warningStart);
  return { text: text.trim(), warnings: warnings.map(readWarning) };
}

/** `<summary>`, the place with a snippet of the synthesized JSON, which says nothing to a reader, and the detail. */
function readWarning(block: string): Diagnostic {
  const [summary = "", ...paragraphs] = block.trim().split("\n\n");
  const [, address] = /^ {2}with (.+),$/m.exec(paragraphs[0] ?? "") ?? [];
  const hasPlace = /^ {2}(with|on) /.test(paragraphs[0] ?? "");
  const detail = (hasPlace ? paragraphs.slice(1) : paragraphs).map(unwrapped).join("\n\n");
  return { severity: "warning", summary: unwrapped(summary), detail, ...(address === undefined ? {} : { address }) };
}

/** Terraform breaks lines at 78 characters, except those that begin with a space. */
function unwrapped(paragraph: string): string {
  return paragraph.replace(/\n(?! )/g, " ");
}
