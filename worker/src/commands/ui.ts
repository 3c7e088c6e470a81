import { spawn } from "node:child_process";
import { readSetting, variableName } from "../contract/environment-variables.ts";
import { throwIfWrong } from "../contract/problems.ts";
import { createLog } from "./log.ts";
import { problemsOf, startServer } from "./serve.ts";

interface Options {
  readonly results: string;
  readonly port: string;
  readonly open: boolean;
}

/** `sweep ui`: shows sweeps in the browser of this machine, until Ctrl-C. Nobody else can reach it. */
export async function uiCommand({ results, port, open }: Options): Promise<void> {
  throwIfWrong(problemsOf({ port }));
  // A line for each request would only push the address off the screen.
  const level = process.env[variableName("logLevel")] === undefined ? "warn" : readSetting("logLevel", process.env);
  const log = await createLog(level, { server: "api" });
  const { url } = await startServer({ results, port, host: "127.0.0.1", page: true, allowHost: [] }, log);
  process.stdout.write(`the sweeps of ${results} are at ${url}/ (Ctrl-C ends it)\n`);
  if (open) openBrowser(`${url}/`);
}

/** Nothing happens on a machine without a browser: the address is printed anyway. */
function openBrowser(url: string): void {
  const [program, ...words] = browserCommand();
  if (program === undefined) return;
  const child = spawn(program, [...words, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}

function browserCommand(): readonly string[] {
  const { platform, env } = process;
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["explorer"];
  // Without a screen, xdg-open would start a browser for terminals.
  return env.DISPLAY === undefined && env.WAYLAND_DISPLAY === undefined ? [] : ["xdg-open"];
}
