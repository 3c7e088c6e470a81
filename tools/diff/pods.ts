import { fromTo, isEmpty, written } from "./pair-in-words.ts";
import type { Pair } from "./pairs.ts";
import { lost } from "./protections.ts";
import { isObject } from "./values.ts";

/**
 * Rights that a pod gets in its container or on its node. They are found by their names, so that they count in a Deployment, in a CronJob, in a
 * manifest and in the values of a chart alike. The provider writes snake case and blocks as lists, the Kubernetes API neither.
 */
export function podRights(pair: Pair) {
  return rootUser(pair) ?? capabilities(pair) ?? confinement(pair) ?? folderOfNode(pair) ?? serviceAccount(pair);
}

function rootUser(pair: Pair) {
  if (!/^(run_as_user|run_as_group|fs_group)$/.test(pair.key)) return undefined;
  const isRoot = (value: unknown) => !isEmpty(value) && Number(value) === 0;
  const isOther = (value: unknown) => !isEmpty(value) && !isRoot(value);
  const becomesRoot = isRoot(pair.after) && !isRoot(pair.before);
  // Without a number, the image decides, and most images decide for root. Volumes then get no group.
  const isLeftToImage = pair.key !== "fs_group" && isEmpty(pair.after) && isOther(pair.before);
  if (!becomesRoot && !isLeftToImage && !(pair.isUnknown && !isRoot(pair.before))) return undefined;
  const isUser = pair.key === "run_as_user";
  return lost(fromTo(pair), isUser ? "its programs may run as root" : "its programs may be in the group of root");
}

function capabilities(pair: Pair) {
  const [, list] = /(?:^|\.)capabilities(?:\[0\])?\.(add|drop)$/.exec(pair.path) ?? [];
  if (list === undefined) return undefined;
  const effect = "its programs get rights of root that they had not";
  if (pair.isUnknown) return lost(fromTo(pair), effect);
  const names = (value: unknown) => [value ?? []].flat().map((name) => String(name));
  const [wider, narrower] = list === "add" ? [pair.after, pair.before] : [pair.before, pair.after];
  const held = names(narrower);
  const found = held.includes("ALL") ? [] : names(wider).filter((name) => !held.includes(name));
  if (found.length === 0) return undefined;
  return lost(`${pair.path} ${list === "add" ? "gets" : "loses"} ${found.join(", ")}`, effect);
}

/** A profile of seccomp or AppArmor. None means unconfined, unless the kubelet has another default. */
function confinement(pair: Pair) {
  if (!/(seccomp|app_?armor)_?profile(\[0\])?\.type$/i.test(pair.path)) return undefined;
  const isConfined = (value: unknown) => value === "RuntimeDefault" || value === "Localhost";
  const loses = isConfined(pair.before) && !isConfined(pair.after);
  if (!loses && !(pair.after === "Unconfined" && isEmpty(pair.before))) return undefined;
  return lost(fromTo(pair), "its programs may do in the kernel what the profile refused before");
}

/** A folder of the node that a pod sees, and did not see as a part of another one before. */
function folderOfNode(pair: Pair) {
  if (pair.key !== "host_path") return undefined;
  const effect = "its programs see files of the node, and with them those of other pods";
  const folder = (value: unknown) => {
    const [block] = [value].flat();
    const path = isObject(block) ? block.path : block;
    return typeof path === "string" && path !== "" ? path : undefined;
  };
  const [before, after] = [folder(pair.before), folder(pair.after)];
  if (pair.isUnknown) return lost(fromTo(pair), effect);
  if (after === undefined || (before !== undefined && isFolderIn(after, before))) return undefined;
  const replaced = before === undefined ? "" : ` in place of ${written(before)}`;
  return lost(`${pair.path} mounts ${written(after)}${replaced}`, effect);
}

function isFolderIn(folder: string, outer: string): boolean {
  const ended = (path: string) => path.replace(/\/*$/, "/");
  return ended(folder).startsWith(ended(outer));
}

function serviceAccount(pair: Pair) {
  // A chart that makes its own account has its name in a block.
  if (pair.key !== "service_account_name" && !/serviceAccount\.name$/.test(pair.path)) return undefined;
  const isNone = (value: unknown) => isEmpty(value) || value === "default";
  // The provider leaves a name that the code does not set to the cluster, which takes "default".
  if (isNone(pair.before) && (pair.isUnknown || isNone(pair.after))) return undefined;
  const effect = "its programs get the permissions of another account, in the cluster and in AWS";
  return { severity: "loud" as const, happens: "may PERMIT MORE", because: fromTo(pair), effect };
}
