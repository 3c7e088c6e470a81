import type { ServedEnvironment } from "../src/api/submission.ts";
import { ErrorNotice, Notice, ViewHeading } from "./elements.tsx";
import { EnvironmentContext } from "./environment.ts";
import { useRequest } from "./requests.ts";
import { useRoute } from "./routes.ts";
import { SubmitView } from "./submit-view.tsx";
import { SweepView } from "./sweep-view.tsx";
import { SweepsView } from "./sweeps-view.tsx";
import { THEMES, type Theme, useTheme } from "./theme.ts";

export function App() {
  const route = useRoute();
  const { data: environment, error } = useRequest<ServedEnvironment>("api/environment", { everyMs: 60_000 });
  return (
    <EnvironmentContext.Provider value={environment ?? (error && null)}>
      {/* No link: the hash of the URL belongs to the views. */}
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <Header environment={environment} view={route.view} />
      <main id="main" tabIndex={-1}>
        {environment === undefined && <ErrorNotice error={error} />}
        {route.view === "sweeps" && <SweepsView key={route.after ?? ""} after={route.after} filter={route.filter} />}
        {route.view === "sweep" && <SweepView key={route.name} name={route.name} wasKnown={route.wasKnown} />}
        {route.view === "submit" && <SubmitView environment={environment} />}
        {route.view === "unknown" && <Unknown />}
      </main>
      <footer class="page-footer">
        {environment !== undefined && (
          <>
            <span>
              Results in <code>{environment.resultsRoot}</code>
            </span>
            <span>sweep {environment.version}</span>
          </>
        )}
      </footer>
    </EnvironmentContext.Provider>
  );
}

function Header({ environment, view }: { environment: ServedEnvironment | undefined; view: string }) {
  const [theme, setTheme] = useTheme();
  const current = (name: string) => (view === name ? { "aria-current": "page" as const } : {});
  return (
    <header class="page-header">
      <div class="page-header-content">
        <a class="brand" href="#/">
          <img src="icon.svg" alt="" width="24" height="24" />
          Sweeps
        </a>
        {environment !== undefined && <span class="environment">{environment.name ?? "this computer"}</span>}
        <nav aria-label="Views">
          <a href="#/" {...current("sweeps")}>
            All sweeps
          </a>
          {environment !== undefined && environment.sizes.length > 0 && (
            <a href="#/submit" {...current("submit")}>
              New sweep
            </a>
          )}
        </nav>
        <div class="page-header-end">
          {environment?.user != null && <span class="user">{environment.user}</span>}
          <label class="theme">
            <span class="visually-hidden">Colors</span>
            <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
              {THEMES.map((name) => (
                <option key={name} value={name}>
                  {THEME_NAMES[name]}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
    </header>
  );
}

const THEME_NAMES: Readonly<Record<Theme, string>> = { system: "Auto", light: "Light", dark: "Dark" };

function Unknown() {
  return (
    <>
      <ViewHeading title="Not found">Not found</ViewHeading>
      <Notice>
        This page does not exist. <a href="#/">All sweeps</a>
      </Notice>
    </>
  );
}
