import { consequences, isKeda } from "./consequences-by-type.ts";
import { type Attributes, attributesOf, type Change } from "./plan.ts";

/** `loud` loses data or service, or opens access; `notice` interrupts a run or a permission, or costs money. */
export type Severity = "loud" | "notice";

/** The common name of a type, for example `node group`. */
export function nounOf(type: string): string {
  return (Object.hasOwn(consequences, type) ? consequences[type]?.noun : undefined) ?? "resource";
}

/** The effect of destroying or replacing a resource. Every type has one. */
export function consequenceOf(
  type: string,
  action: "replace" | "delete",
  change: Change,
): { readonly noun: string; readonly severity: Severity; readonly effect: string } {
  const known = Object.hasOwn(consequences, type) ? consequences[type] : undefined;
  if (known === undefined) {
    const effect = `nothing else is known of the type ${type}: look at what it holds, and at what uses it`;
    return { noun: nounOf(type), severity: "loud", effect };
  }
  const { noun, destroyed, replaced, isHarmless } = known;
  const before = attributesOf(change.before);
  const effect = action === "replace" ? (replaced ?? destroyed) : destroyed;
  return {
    noun,
    severity: isHarmless?.(action, before) === true ? "notice" : "loud",
    effect: typeof effect === "string" ? effect : effect(before),
  };
}

/** By Terraform type: new resources that users notice, because they cost something outside themselves. */
const noticedAdditions: Readonly<Record<string, { readonly only: (after: Attributes) => boolean } & Addition>> = {
  helm_release: {
    only: isKeda,
    noun: "release",
    effect:
      "its three pods ask for 300m and 300 MiB on the pools that are always on, and it reads each queue every 15 s: 175,000 requests a month, or 7 cents; npm run cost tells whether the pools have the room",
  },
};

interface Addition {
  readonly noun: string;
  readonly effect: string;
}

/** The effect of adding a resource; undefined for one that needs no notice. */
export function consequenceOfAddition(type: string, change: Change): Addition | undefined {
  const known = Object.hasOwn(noticedAdditions, type) ? noticedAdditions[type] : undefined;
  if (known === undefined) return undefined;
  const { only, ...addition } = known;
  return only(attributesOf(change.after)) ? addition : undefined;
}
