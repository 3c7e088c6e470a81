import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ServedEnvironment } from "../src/api/submission.ts";
import type { Sweep } from "../src/api/sweeps.ts";

export const EnvironmentContext = createContext<ServedEnvironment | null | undefined>(undefined);

/** Where the server is and what it can do: undefined until it has answered, null if it cannot. */
export const useEnvironment = () => useContext(EnvironmentContext);

/** Whether this server can go on with a sweep: one on a laptop shows those of a cluster, and has no machines. */
export function useCanResume({ canResume }: Pick<Sweep, "canResume">): boolean {
  const environment = useEnvironment();
  return canResume && environment != null && environment.sizes.length > 0;
}
