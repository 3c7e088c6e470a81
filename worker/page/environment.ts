import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ServedEnvironment } from "../src/api/submission.ts";

export const EnvironmentContext = createContext<ServedEnvironment | null | undefined>(undefined);

/** Where the server is and what it can do: undefined until it has answered, null if it cannot. */
export const useEnvironment = () => useContext(EnvironmentContext);
