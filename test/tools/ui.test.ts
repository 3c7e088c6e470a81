import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forwardPort } from "../../tools/ui/port-forward.ts";
import { Programs } from "../support/programs.ts";
import { temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

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

/**
 * What happened, until the port was open for the `times`-th time.
 *
 * @param seconds how long each program has, one after the other: on a busy machine, one that answers may take as long as one that hangs.
 */
async function forward(times: number, seconds: readonly number[] = []) {
  const left = [...seconds];
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
    get seconds() {
      return left.shift() ?? 60;
    },
  });
  const failed = ended.then(
    () => undefined,
    (error: Error) => error.message,
  );
  let message: string | undefined;
  failed.then((text) => {
    message = text;
  });
  await until(() => message !== undefined || (kubectlCalls().length >= times && opened.length > 0));
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

test.each<[string, () => void, string, ...number[]]>([
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
    "if the system refuses to start the AWS CLI",
    () => {
      programs.remove("aws");
      symlinkSync("aws", join(programs.path, "aws"));
    },
    "aws cannot reach the cluster dev-platform: aws cannot be started: spawn ELOOP",
  ],
  [
    "to a service that was not deployed",
    () => programs.install("kubectl", "echo 'services \"frontend\" not found' >&2; exit 1"),
    'kubectl cannot forward port 4400: services "frontend" not found',
  ],
  [
    "when the AWS CLI crashes",
    () => programs.install("aws", "kill -SEGV $$"),
    "aws cannot reach the cluster dev-platform: aws ended with SIGSEGV",
  ],
  [
    "when the AWS CLI hangs",
    () => programs.install("aws", "/bin/sleep 60 & wait"),
    "aws cannot reach the cluster dev-platform: aws gave no answer in 0.5 s",
    0.5,
  ],
  [
    "when kubectl forwards nothing",
    () => programs.install("kubectl", "echo '<html>'; exec /bin/sleep 60"),
    "kubectl cannot forward port 4400: kubectl gave no answer in 0.5 s",
    60,
    0.5,
  ],
  [
    "when kubectl ends without a word",
    () => programs.install("kubectl", ":"),
    "kubectl cannot forward port 4400: kubectl ended with 0",
  ],
])("ends at once %s", async (_, prepare, message, ...seconds) => {
  prepare();
  expect(await forward(1, seconds)).toMatchObject({ message, opened: 0, broken: [] });
});
