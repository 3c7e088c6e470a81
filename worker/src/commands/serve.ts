import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { readSetting } from "../contract/environment-variables.ts";
import { EXIT_CODE, type ExitCode } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { numberIn } from "../contract/numbers.ts";
import { type Problem, show, throwIfWrong } from "../contract/problems.ts";
import { Monitor } from "../monitoring/index.ts";
import { PAGE_FILES } from "../programs.ts";
import { costOf, readServiceFile } from "../service/configuration.ts";
import { Drain } from "../service/drain.ts";
import { listen, type RunningServer } from "../service/listen.ts";
import { Login } from "../service/login.ts";
import { readPage } from "../service/page-files.ts";
import { Readiness } from "../service/readiness.ts";
import { createApp } from "../service/server.ts";
import { Submissions } from "../service/submissions.ts";
import type { SweepServices } from "../service/sweep-routes.ts";
import { WorkerLists } from "../service/workers.ts";
import { createLog } from "./log.ts";
import { storeOptions } from "./options.ts";
import { replaceHandlers } from "./signals.ts";

const LAST_PORT = 65_535;
const MOST_DRAIN_SECONDS = 3_600;
const DEFAULT_RESULTS = "./results";

/** The options of `sweep serve`, as commander reads them. */
export interface ServeArguments {
  readonly results?: string;
  readonly port: string;
  readonly host: string;
  readonly page?: boolean;
  readonly api?: string;
  readonly configuration?: string;
  readonly allowHost: readonly string[];
  readonly drainSeconds: string;
}

/** `sweep serve`: answers requests until SIGTERM, and then stops without breaking a connection. */
export async function serveCommand(options: ServeArguments): Promise<ExitCode> {
  const drainSeconds = numberOf("--drain-seconds", options.drainSeconds, MOST_DRAIN_SECONDS, 30);
  throwIfWrong([...problemsOf(options), ...drainSeconds.problems]);
  const level = readSetting("logLevel", process.env);
  const log = await createLog(level, { server: options.api === undefined ? "api" : "frontend" });
  const terminated = new Promise<void>((resolve) => {
    // In place of the handler of start.ts, before anything takes time.
    replaceHandlers("SIGTERM", resolve);
  });
  const { url, stop } = await startServer(options, log);
  const { results, api, page = false, configuration } = options;
  log.info(
    {
      url,
      pid: process.pid,
      ...(api === undefined ? { results: results ?? DEFAULT_RESULTS } : { api }),
      page,
      configuration,
    },
    "started",
  );
  await terminated;
  log.info({ drainSeconds: drainSeconds.value }, "stopping");
  await stop(setTimeout(drainSeconds.value * 1000));
  log.info({}, "stopped");
  return EXIT_CODE.DONE;
}

/**
 * Starts the server that the options describe.
 *
 * @throws PermanentError for a wrong configuration, a missing page or a port that is taken.
 */
export async function startServer(
  {
    results = DEFAULT_RESULTS,
    port,
    host,
    page = false,
    api,
    configuration,
    allowHost,
  }: Omit<ServeArguments, "drainSeconds">,
  log: Logger,
): Promise<RunningServer> {
  const drain = new Drain();
  const common = { page: page ? readPage(PAGE_FILES) : undefined, hosts: allowHost, drain, log };
  const app =
    api === undefined
      ? createApp({ ...common, ...sweepServices(results, configuration) })
      : createApp({ ...common, api: new URL(api), checkReady: async () => {} });
  return listen(app, { host, port: numberIn(port) as number, drain });
}

function sweepServices(resultsRoot: string, configuration: string | undefined) {
  const file = configuration === undefined ? undefined : readServiceFile(configuration);
  const options = { resultsRoot, file, storeOptions: storeOptions() };
  const monitor = new Monitor(resultsRoot, { storeOptions: options.storeOptions, costOf: costOf(file) });
  const workers = new WorkerLists(options);
  const readiness = new Readiness(() => monitor.checkReachable());
  const api: SweepServices = {
    monitor,
    submissions: new Submissions(options),
    login: new Login(file?.login),
    workers: (name) => workers.of(name),
  };
  return { api, checkReady: () => readiness.check() };
}

/** Everything that is wrong with options, and with those that do not go together. */
export function problemsOf({ port, page, api, results, configuration }: Partial<ServeArguments>): Problem[] {
  const problems = [...numberOf("--port", port ?? "0", LAST_PORT, 8080).problems];
  if (api === undefined) return problems;
  if (!isServer(api)) {
    const allowed = "the address of a server, without a path";
    problems.push({ path: ["--api"], allowed, got: show(api), fix: "use for example http://api" });
  }
  if (page !== true) {
    const fix = "add it; a server without a page, which sends requests on, has no use";
    problems.push({ path: ["--page"], allowed: "given beside --api", got: "nothing", fix });
  }
  for (const [flag, value] of Object.entries({ "--results": results, "--configuration": configuration })) {
    if (value === undefined) continue;
    const fix = "remove it; the server at --api has its own";
    problems.push({ path: [flag], allowed: "left out beside --api", got: show(value), fix });
  }
  return problems;
}

function isServer(api: string): boolean {
  if (!URL.canParse(api)) return false;
  const { protocol, pathname, search, hash } = new URL(api);
  return /^https?:$/.test(protocol) && pathname + search + hash === "/";
}

function numberOf(flag: string, text: string, most: number, example: number) {
  const value = numberIn(text) ?? Number.NaN;
  if (Number.isInteger(value) && value >= 0 && value <= most) return { value, problems: [] };
  const allowed = `a whole number from 0 to ${formatCount(most)}`;
  return { value, problems: [{ path: [flag], allowed, got: show(text), fix: `use for example ${example}` }] };
}
