import { Token } from "cdktf";
import { type Problem, show } from "../support/problems.ts";

/** The grammar of references. @see https://github.com/distribution/reference/blob/main/regexp.go */
const host = /^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])$/;
const repository = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const tag = /^\w[\w.-]{0,127}$/;
const digest = /^sha256:[0-9a-f]{64}$/;
const longestName = 255;
/** Docker takes such a name for the id of an image. */
const imageId = /^[0-9a-f]{64}$/;
/** The empty image, which exists in Dockerfiles and in no registry. */
const emptyImage = /^(library\/)?scratch$/;

/**
 * What is wrong with the reference of an image. Without a tag or a digest it would mean `latest`, another image every day.
 * A reference that Terraform knows only later is left to Kubernetes.
 */
export function imageProblems(reference: string): Problem[] {
  if (Token.isUnresolved(reference)) return [];
  const problem = (allowed: string, fix: string): Problem[] => [{ path: [], allowed, got: show(reference), fix }];
  const example = 'use for example "docker.io/library/python:3.13-slim-bookworm"';
  const form = "<repository>:<tag>, <repository>@sha256:<digest> or both, and not the tag latest";
  const parts = partsOf(reference);
  if (!repository.test(parts.repository)) {
    const isUpperCase = repository.test(parts.repository.toLowerCase());
    return problem(form, isUpperCase ? "write the repository in lower-case letters" : example);
  }
  const isOnDockerHub = parts.host === undefined || parts.host === "docker.io";
  if (isOnDockerHub && (imageId.test(parts.repository) || emptyImage.test(parts.repository))) {
    return problem("an image of a registry", example);
  }
  if (parts.host !== undefined && !host.test(parts.host)) return problem(form, example);
  if (parts.port !== undefined && !(/^[1-9]\d*$/.test(parts.port) && Number(parts.port) <= 65_535)) {
    return problem("a reference whose registry has a port from 1 to 65535", "correct the port");
  }
  if (parts.tag !== undefined && !tag.test(parts.tag)) return problem(form, example);
  if (parts.digest !== undefined && !digest.test(parts.digest)) {
    return problem(form, "copy the whole digest: sha256: and 64 hexadecimal digits in lower case");
  }
  if (parts.digest === undefined && (parts.tag === undefined || parts.tag === "latest")) return problem(form, example);
  const name = [parts.host, parts.port, parts.repository].filter((part) => part !== undefined).join("/");
  if (name.length > longestName) {
    return problem(`a reference whose name has at most ${longestName} characters`, "shorten the repository");
  }
  return [];
}

interface ReferenceParts {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Divides a reference as Docker does: its first part is a registry if it has a dot or a port, or is `localhost`. */
function partsOf(reference: string): ReferenceParts {
  const [named = "", ...digests] = reference.split("@");
  const slash = named.indexOf("/");
  const first = slash === -1 ? "" : named.slice(0, slash);
  const isRegistry = /[.:[]/.test(first) || first === "localhost";
  const path = isRegistry ? named.slice(slash + 1) : named;
  const [, hostName, port] = /^(.*?)(?::([^:\]]*))?$/.exec(first) ?? [];
  const colon = path.indexOf(":");
  return {
    host: isRegistry ? hostName : undefined,
    port: isRegistry ? port : undefined,
    repository: colon === -1 ? path : path.slice(0, colon),
    tag: colon === -1 ? undefined : path.slice(colon + 1),
    digest: digests.length === 0 ? undefined : digests.join("@"),
  };
}
