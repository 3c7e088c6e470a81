import { exact, fromTo, isEmpty, written } from "./pair-in-words.ts";
import type { Pair } from "./pairs.ts";
import { isObject } from "./values.ts";

const times =
  /^(retention_in_days|retention_period|message_retention_seconds|backup_retention_period|automatic_backup_retention_days|snapshot_retention_limit|delete_after|recovery_period_in_days|(deletion|recovery)_window_in_days)$/;
/** Times of which 0 and none mean never: those of CloudWatch and AWS Backup. */
const endless = /^(retention_in_days|delete_after)$/;
/** What AWS takes where the code sets no time. Of any other, none is 0. */
const defaults: Readonly<Record<string, number>> = { deletion_window_in_days: 30, recovery_window_in_days: 30 };

/** Times after which data is gone, or can no longer be restored. */
export function shorter(pair: Pair) {
  if (!times.test(pair.key) || pair.before === undefined) return undefined;
  const time = (value: unknown) =>
    endless.test(pair.key) && Number(value ?? 0) === 0
      ? Number.POSITIVE_INFINITY
      : Number(value ?? defaults[pair.key] ?? 0);
  // A table without recovery has no period, and one with it has 35 days, if the code sets none.
  const after = pair.after ?? (pair.key === "recovery_period_in_days" ? 35 : pair.after);
  if (!pair.isUnknown && !(time(after) < time(pair.before))) return undefined;
  const effect = pair.key.endsWith("_window_in_days")
    ? "once it is deleted, it can be restored for less long"
    : "data that is older is deleted, and data to come is kept less long";
  return { severity: "loud" as const, happens: "DELETES EARLIER", because: fromTo(pair), effect };
}

/** Rules of a bucket's lifecycle. A rule of the same name that only waits longer deletes nothing earlier. */
export function expiration(pair: Pair, type: string) {
  const isRules =
    (type === "aws_s3_bucket_lifecycle_configuration" && pair.path === "rule") || pair.path === "lifecycle_rule";
  if (!isRules) return undefined;
  const rules = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []);
  const old = rules(pair.before);
  const deleting = pair.isUnknown
    ? []
    : rules(pair.after).filter((rule) => !old.some((other) => deletesNoEarlier(rule, other)));
  const found = deleting.filter((rule) => rule.status !== "Disabled" && rule.enabled !== false && deletes(rule));
  if (found.length === 0 && !pair.isUnknown) return undefined;
  const because = pair.isUnknown
    ? fromTo(pair)
    : `${pair.path}: ${found.map((rule) => written(rule.id ?? rule)).join(", ")} is new or stricter`;
  return {
    severity: "loud" as const,
    happens: "DELETES EARLIER",
    because,
    effect: "objects that are older are deleted within a day or two, and cannot be restored",
  };
}

const expirations = ["expiration", "noncurrent_version_expiration"] as const;

const deletes = (rule: Record<string, unknown>) => expirations.some((name) => !isEmpty(rule[name]));

function deletesNoEarlier(rule: Record<string, unknown>, other: Record<string, unknown>): boolean {
  const isOtherOn = other.status !== "Disabled" && other.enabled !== false;
  const objects = ({ filter, prefix, tags }: Record<string, unknown>) => exact([filter, prefix, tags]);
  if (exact(rule) === exact(other)) return true;
  if (!isOtherOn || objects(rule) !== objects(other)) return false;
  return expirations.every((name) => {
    const [now, then] = [rule, other].map(
      (one) => (Array.isArray(one[name]) ? one[name][0] : undefined) as Record<string, unknown> | undefined,
    );
    if (now === undefined) return true;
    if (then === undefined) return false;
    const { days: later, noncurrent_days: laterOnes, ...rest } = now;
    const { days: earlier, noncurrent_days: earlierOnes, ...old } = then;
    return Number(later ?? laterOnes) >= Number(earlier ?? earlierOnes) && exact(rest) === exact(old);
  });
}
