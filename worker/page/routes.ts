import { useEffect, useState } from "preact/hooks";

/** Views by the hash of the URL, which a server does not see: a link to a sweep works wherever the page is served. */
type Route =
  | { readonly view: "sweeps"; readonly after: string | undefined; readonly filter: string }
  | { readonly view: "sweep"; readonly name: string; readonly wasKnown: boolean }
  | { readonly view: "submit" }
  | { readonly view: "unknown" };

function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parameters = new URLSearchParams(query);
  const [first = "", name = "", ...rest] = path.split("/");
  if (first === "" && name === "")
    return { view: "sweeps", after: parameters.get("after") ?? undefined, filter: parameters.get("filter") ?? "" };
  if (first === "submit" && name === "") return { view: "submit" };
  if (first === "sweeps" && name !== "" && rest.length === 0)
    return { view: "sweep", name: decode(name), wasKnown: parameters.has("known") };
  return { view: "unknown" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function sweepsHash({ after, filter }: { after?: string | undefined; filter?: string }): string {
  const parameters = new URLSearchParams();
  if (after !== undefined) parameters.set("after", after);
  if (filter) parameters.set("filter", filter);
  return parameters.size === 0 ? "#/" : `#/?${parameters}`;
}

export function sweepHash(name: string): string {
  return `#/sweeps/${encodeURIComponent(name).replaceAll("%3A", ":")}`;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = () => setHash(location.hash);
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return parseRoute(hash);
}
