import { fromTo } from "./pair-in-words.ts";
import type { Pair } from "./pairs.ts";
import { isObject } from "./values.ts";

/** A rule by which ECR deletes images, or moves them to another storage class. */
interface Rule {
  readonly priority: number;
  readonly expires: boolean;
  /** `tagged`, `untagged` or `any`. */
  readonly tagStatus: string;
  /** Patterns, sorted. An image has a tag of each. */
  readonly tags: readonly string[];
  readonly storageClass: string;
  /** For example `sinceImagePushed`. */
  readonly countType: string;
  /** Days, or images. */
  readonly count: number;
}

/**
 * A lifecycle policy by which ECR deletes images that it kept before.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */
export function imagesExpire(pair: Pair, type: string) {
  if (type !== "aws_ecr_lifecycle_policy" || pair.key !== "policy") return undefined;
  const effect = "ECR deletes such images within a day, and nobody can restore them";
  const may = { severity: "loud" as const, happens: "may DELETE EARLIER", effect };
  if (pair.isUnknown) return { ...may, because: fromTo(pair) };
  const [before, after] = [rulesOf(pair.before), rulesOf(pair.after)];
  if (before === undefined || after === undefined) return { ...may, because: `${pair.path} cannot be compared` };
  const found = after.filter(({ expires }) => expires).flatMap((rule) => newlyExpiring(rule, before, after) ?? []);
  if (found.length === 0) return undefined;
  return { ...may, happens: "DELETES EARLIER", because: `${pair.path}: ${found.join("; ")}` };
}

function rulesOf(text: unknown): Rule[] | undefined {
  try {
    const { rules } = JSON.parse(String(text));
    return rules.map(({ rulePriority, selection, action }: Record<string, Record<string, unknown>>) => {
      if (!isObject(selection) || !isObject(action)) throw new Error("no rule");
      const { tagStatus, tagPatternList = [], tagPrefixList = [], storageClass = "standard" } = selection;
      const patterns = [tagPatternList].flat().map(String);
      const prefixes = [tagPrefixList].flat().map((prefix) => `${prefix}*`);
      return {
        priority: Number(rulePriority),
        expires: action.type === "expire",
        tagStatus: String(tagStatus),
        tags: [...patterns, ...prefixes].sort(),
        storageClass: String(storageClass),
        countType: String(selection.countType),
        count: Number(selection.countNumber),
      };
    });
  } catch {
    return undefined;
  }
}

/** A rule in words, if it deletes images that the rules before kept. */
function newlyExpiring(rule: Rule, before: readonly Rule[], after: readonly Rule[]): string | undefined {
  const known = before.filter(
    (other) =>
      other.expires && ofSameImages(other, rule) && other.countType === rule.countType && other.count <= rule.count,
  );
  if (known.length === 0) return inWords(rule);
  // An image that a rule selects by its tags is left alone by every rule of a lower priority, so a rule keeps images, too.
  const released = known.map((other) =>
    before.find(
      (keeping) =>
        keeping.priority < other.priority &&
        mayShareImages(keeping, rule) &&
        !expiresNoLater(keeping, rule) &&
        !after.some((one) => one.priority < rule.priority && ofSameImages(one, keeping)),
    ),
  );
  const [first] = released;
  if (first === undefined || released.includes(undefined)) return undefined;
  return `${inWords(rule)}, also those that rule ${first.priority} kept`;
}

function ofSameImages(one: Rule, other: Rule): boolean {
  const images = ({ tagStatus, tags, storageClass }: Rule) => JSON.stringify([tagStatus, tags, storageClass]);
  return images(one) === images(other);
}

function mayShareImages(one: Rule, other: Rule): boolean {
  return one.tagStatus === other.tagStatus || [one, other].some(({ tagStatus }) => tagStatus === "any");
}

/** Whether a rule deletes what the other deletes as early. A number of images says nothing of their age. */
function expiresNoLater(one: Rule, other: Rule): boolean {
  const isByAge = one.countType !== "imageCountMoreThan";
  return one.expires && isByAge && one.countType === other.countType && one.count <= other.count;
}

const since: Readonly<Record<string, string>> = {
  sinceImagePushed: "",
  sinceImagePulled: " since their last pull",
  sinceImageTransitioned: " since their transition",
};

function inWords({ priority, tagStatus, tags, storageClass, countType, count }: Rule): string {
  const noun = count === 1 && countType === "imageCountMoreThan" ? "image" : "images";
  const images = [
    tagStatus === "untagged" ? `untagged ${noun}` : noun,
    tags.length === 0 ? "" : ` tagged ${tags.join(", ")}`,
    storageClass === "standard" ? "" : ` of the storage class ${storageClass}`,
  ].join("");
  return countType === "imageCountMoreThan"
    ? `rule ${priority} keeps the ${count} newest ${images}`
    : `rule ${priority} keeps ${images} for ${count} ${count === 1 ? "day" : "days"}${since[countType] ?? ` by ${countType}`}`;
}
