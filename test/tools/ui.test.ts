import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { forwardPort } from "../../tools/ui/port-forward.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const programs = new Programs(directory);
const calls = join(directory, "calls");
const recordCall = `echo "\${0##*/} $*" >> ${calls}`;

beforeEach(() => {
  programs.clear();
  writeFileSync(calls, "");
  // It writes the kubeconfig that kubectl must find.
  programs.install("aws", `${recordCall}; echo config > "$8"`);
});

/** What happened, until the port was open for the `times`-th time. */
async function forward(times: number) {
  const ending = new AbortController();
  const [opened, broken]: [number[], string[]] = [[], []];
  const lines = () => readFileSync(calls, "utf8").trim().split("\n");
  const kubectlCalls = () => lines().filter((line) => line.startsWith("kubectl"));
  const ended = forwardPort({
    cluster: "dev-platform",
    region: "us-west-2",
    namespace: "platform-services",
    service: "frontend",
    port: 4400,
    env: { PATH: programs.path },
    signal: ending.signal,
    onOpen: () => opened.push(Date.now()),
    onBroken: (reason) => broken.push(reason),
    longestWaitMs: 10,
  });
  const failed = ended.then(
    () => undefined,
    (error: Error) => error.message,
  );
  let message: string | undefined;
  failed.then((text) => {
    message = text;
  });
  while (message === undefined && (kubectlCalls().length < times || opened.length === 0)) await setTimeout(5);
  ending.abort();
  return { message: await failed, opened: opened.length, broken, lines: lines() };
}

test("forwards a port of this machine to the page, with a kubeconfig of its own", async () => {
  programs.install("kubectl", `${recordCall}; echo "Forwarding from 127.0.0.1:4400 -> 8080"; exec /bin/sleep 60`);
  const { message, opened, broken, lines } = await forward(1);
  expect({ message, opened, broken }).toEqual({ message: undefined, opened: 1, broken: [] });
  const [, kubeconfig = ""] = /--kubeconfig (\S+)$/.exec(lines[0] ?? "") ?? [];
  expect(lines).toEqual([
    `aws eks update-kubeconfig --region us-west-2 --name dev-platform --kubeconfig ${kubeconfig}`,
    `kubectl --kubeconfig ${kubeconfig} --namespace platform-services port-forward service/frontend 4400:80 --address 127.0.0.1`,
  ]);
  expect(existsSync(kubeconfig)).toBe(false);
});

test("connects again whenever the connection breaks, and tells why", async () => {
  programs.install(
    "kubectl",
    `${recordCall}; [ -e "$2" ] || exit 9; echo "Forwarding from 127.0.0.1:4400 -> 8080"; echo "error: lost connection to pod" >&2; exit 1`,
  );
  const { message, opened, broken } = await forward(3);
  expect({ message, opened }).toEqual({ message: undefined, opened: 1 });
  expect(broken.slice(0, 2)).toEqual(["error: lost connection to pod", "error: lost connection to pod"]);
});

test.each<[string, () => void, string]>([
  [
    "without credentials",
    () => programs.install("aws", "echo 'Unable to locate credentials' >&2; exit 253"),
    "aws cannot reach the cluster dev-platform: Unable to locate credentials",
  ],
  [
    "without the AWS CLI",
    () => programs.remove("aws"),
    "aws cannot reach the cluster dev-platform: install it, because aws is not on PATH",
  ],
  [
    "without kubectl",
    () => programs.remove("kubectl"),
    "kubectl cannot forward port 4400: install it, because kubectl is not on PATH",
  ],
  [
    "to a service that was not deployed",
    () => programs.install("kubectl", "echo 'services \"frontend\" not found' >&2; exit 1"),
    'kubectl cannot forward port 4400: services "frontend" not found',
  ],
])("ends at once %s", async (_, prepare, message) => {
  prepare();
  expect(await forward(1)).toMatchObject({ message, opened: 0, broken: [] });
});
