import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { clusterOf } from "../../../worker/src/service/kubernetes.ts";
import { Submissions } from "../../../worker/src/service/submissions.ts";

/* A process, since the client of Kubernetes is an ES module, which Jest cannot load. */
// It is a dependency of the worker alone.
const ofWorker = createRequire(new URL("../../../worker/package.json", import.meta.url));
const { BatchV1Api, CoreV1Api, KubeConfig } = await import(ofWorker.resolve("@kubernetes/client-node"));
const [, , path = ""] = process.argv;
const { request, file, server, certificateAuthority, certificate, key } = JSON.parse(readFileSync(path, "utf8"));
const base64 = (text: string) => Buffer.from(text).toString("base64");
const configuration = new KubeConfig();
configuration.loadFromClusterAndUser(
  { name: "test", server, caData: base64(certificateAuthority), skipTLSVerify: false },
  { name: "api", certData: base64(certificate), keyData: base64(key) },
);
const submissions = new Submissions({
  resultsRoot: "s3://bucket/runs",
  file,
  storeOptions: {},
  connect: async (namespace) =>
    clusterOf(configuration.makeApiClient(BatchV1Api), configuration.makeApiClient(CoreV1Api), namespace),
});
const submitted = await submissions.submit(request, "somebody@example.com");
process.stdout.write(`${JSON.stringify(submitted)}\n`);
