import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { HANG_MS } from "../../support/until.ts";
import { CertificateAuthority, type Credentials, serviceAccountKeys } from "./certificates.ts";
import { KubernetesApi } from "./kubernetes-api.ts";
import { type Program, programFolder } from "./programs.ts";

export interface ControlPlaneOptions {
  /** Flags of kube-controller-manager in addition, for example `--concurrent-job-syncs=20`. */
  readonly controllerManagerFlags?: readonly string[];
  /** Flags of kube-scheduler in addition. */
  readonly schedulerFlags?: readonly string[];
  /** Also start kwok, which acts for all nodes with the annotation `kwok.x-k8s.io/node: fake`. @default true */
  readonly kwok?: boolean;
}

/** A Kubernetes control plane on this machine: etcd, API server, controllers and scheduler as Kubernetes publishes them. */
export interface ControlPlane {
  /** URL of the API server: `https://127.0.0.1:<port>`. */
  readonly server: string;
  /** Certificate of the authority that signed the server's, as PEM. */
  readonly certificateAuthority: string;
  /** Certificate of an administrator (group `system:masters`), as PEM. */
  readonly clientCertificate: string;
  /** The key of that certificate, as PEM. */
  readonly clientKey: string;
  /** File with which `kubectl` and others are that administrator. */
  readonly kubeconfig: string;
  /** The API as that administrator. */
  readonly api: KubernetesApi;
  /** Folder of certificates, data and logs (`<program>.log`), which `stop` removes. */
  readonly folder: string;
  /** A certificate for another user, for example `system:node:<name>` in the group `system:nodes`. */
  credentials(user: string, group?: string): Credentials;
  /** What a program has written so far. */
  log(program: Program): string;
  /** Ends all programs, and waits until they have ended. */
  stop(): Promise<void>;
}

/** @throws Error with the end of the log of the program that ended or never became ready. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  // A port that was free when it was chosen may be another program's when it is needed.
  for (let attempt = 1; ; attempt++) {
    const plane = new LocalControlPlane(options);
    try {
      await plane.start();
      return plane;
    } catch (error) {
      await plane.stop();
      if (attempt === 3 || !/address already in use/.test((error as Error).message)) throw error;
    }
  }
}

class LocalControlPlane implements ControlPlane {
  readonly folder = mkdtempSync(join(tmpdir(), "control-plane-"));
  readonly kubeconfig = join(this.folder, "admin.kubeconfig");
  /**
   * Made before the certificates, so that it removes the folder where there is no `openssl`. In a group of its own: Ctrl-C ends Jest, and
   * the end of Jest ends it, through its standard input.
   */
  private readonly guard = spawn(process.execPath, [join(__dirname, "guard.mjs"), this.folder], { detached: true });
  private readonly authority = new CertificateAuthority(join(this.folder, "certificates"));
  private readonly administrator = this.authority.client("administrator", "system:masters");
  /** Programs that have ended, with their exit code or signal. */
  private readonly ended = new Map<string, unknown>();
  server = "";
  private client: KubernetesApi | undefined;

  constructor(private readonly options: ControlPlaneOptions) {
    // A test that forgets `stop` does not keep Jest from ending.
    this.guard.unref();
    for (const stream of [this.guard.stdin, this.guard.stdout, this.guard.stderr]) {
      (stream as unknown as { unref(): void }).unref();
      stream.on("error", () => {});
    }
    createInterface({ input: this.guard.stdout }).on("line", (line) => {
      const { name, code } = JSON.parse(line);
      if (code !== undefined) this.ended.set(name, code);
    });
  }

  get certificateAuthority(): string {
    return this.authority.certificate;
  }

  get clientCertificate(): string {
    return this.administrator.certificate;
  }

  get clientKey(): string {
    return this.administrator.key;
  }

  get api(): KubernetesApi {
    if (this.client === undefined) throw new Error("the control plane has not started");
    return this.client;
  }

  credentials(user: string, group?: string): Credentials {
    return this.authority.client(user, group);
  }

  log(program: Program): string {
    const file = join(this.folder, `${program}.log`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  async start(): Promise<void> {
    const [clients, peers, port] = await freePorts(3);
    this.server = `https://127.0.0.1:${port}`;
    this.client = new KubernetesApi({ ...this.connection() });
    this.startEtcd(`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`);
    this.startApiServer(`http://127.0.0.1:${clients}`, port as number);
    this.writeKubeconfig(this.kubeconfig, this.administrator);
    await this.until("kube-apiserver", async () => {
      const { status, text } = await this.api.raw("GET", "/readyz");
      return status === 200 && text === "ok";
    });
    this.startControllers();
    if (this.options.kwok !== false) this.startKwok();
    // The controllers' first work that can be seen; without it no pod can be made in the namespace.
    await this.until("kube-controller-manager", async () => {
      const { status } = await this.api.raw("GET", "/api/v1/namespaces/default/serviceaccounts/default");
      return status === 200;
    });
  }

  async stop(): Promise<void> {
    this.client?.close();
    if (this.guard.exitCode !== null || this.guard.signalCode !== null) return;
    const exited = once(this.guard, "exit");
    this.guard.ref();
    this.guard.stdin.end();
    await exited;
  }

  private startEtcd(clients: string, peers: string): void {
    this.run("etcd", [
      `--data-dir=${join(this.folder, "etcd")}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      // Nothing here survives the test.
      "--unsafe-no-fsync",
      "--quota-backend-bytes=4294967296",
      "--log-level=warn",
    ]);
  }

  private startApiServer(etcd: string, port: number): void {
    const keys = serviceAccountKeys();
    const served = this.authority.server("kube-apiserver", [
      "IP:127.0.0.1",
      "DNS:localhost",
      "DNS:kubernetes.default.svc",
    ]);
    this.run("kube-apiserver", [
      `--etcd-servers=${etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${port}`,
      `--tls-cert-file=${this.write("server.crt", served.certificate)}`,
      `--tls-private-key-file=${this.write("server.key", served.key)}`,
      `--client-ca-file=${this.authority.certificateFile}`,
      `--service-account-key-file=${this.write("service-account.pub", keys.publicKey)}`,
      `--service-account-signing-key-file=${this.write("service-account.key", keys.privateKey)}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-cluster-ip-range=172.20.0.0/16",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      // No endpoint leads to an address of this machine.
      "--endpoint-reconciler-type=none",
    ]);
  }

  private startControllers(): void {
    const controllers = this.kubeconfigOf("system:kube-controller-manager");
    this.run("kube-controller-manager", [
      ...["", "authentication-", "authorization-"].map((use) => `--${use}kubeconfig=${controllers}`),
      `--service-account-private-key-file=${join(this.folder, "service-account.key")}`,
      `--root-ca-file=${this.authority.certificateFile}`,
      "--use-service-account-credentials",
      "--leader-elect=false",
      // It listens on no port.
      "--secure-port=0",
      ...(this.options.controllerManagerFlags ?? []),
    ]);
    const scheduler = this.kubeconfigOf("system:kube-scheduler");
    this.run("kube-scheduler", [
      ...["", "authentication-", "authorization-"].map((use) => `--${use}kubeconfig=${scheduler}`),
      "--leader-elect=false",
      "--secure-port=0",
      ...(this.options.schedulerFlags ?? []),
    ]);
  }

  private startKwok(): void {
    this.run("kwok", [
      `--kubeconfig=${this.kubeconfig}`,
      "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
      "--node-lease-duration-seconds=40",
      `--config=${join(__dirname, "stages.yaml")}`,
    ]);
  }

  private run(name: Program, args: readonly string[]): void {
    const file = join(programFolder(), name);
    this.guard.stdin.write(`${JSON.stringify({ name, file, arguments: args })}\n`);
  }

  /** Asks again and again until it is so. @throws Error if a program has ended meanwhile, or if it hangs. */
  private async until(waitsFor: Program, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + HANG_MS;
    while (!(await isSo().catch(() => false))) {
      const [[name, code] = [waitsFor, undefined]] = this.ended;
      if (code === undefined && Date.now() < deadline) {
        await sleep(100);
        continue;
      }
      const how = code === undefined ? "never became ready" : `ended with ${code}`;
      throw new Error(`${name} ${how}:\n${this.log(name as Program).slice(-3000)}`);
    }
  }

  private connection() {
    const { server, certificateAuthority, clientCertificate, clientKey } = this;
    return { server, certificateAuthority, clientCertificate, clientKey };
  }

  private kubeconfigOf(user: string): string {
    const file = join(this.folder, `${user.replaceAll(":", "-")}.kubeconfig`);
    this.writeKubeconfig(file, this.authority.client(user));
    return file;
  }

  private writeKubeconfig(file: string, { certificate, key }: Credentials): void {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const cluster = { server: this.server, "certificate-authority-data": base64(this.certificateAuthority) };
    const user = { "client-certificate-data": base64(certificate), "client-key-data": base64(key) };
    const content = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster }],
      users: [{ name: "user", user }],
      contexts: [{ name: "test", context: { cluster: "test", user: "user" } }],
      "current-context": "test",
    };
    // JSON is YAML, too.
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  }

  private write(name: string, content: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }
}

/** Ports of the loopback interface that nobody listens on, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
