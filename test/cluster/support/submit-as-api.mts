import { readFileSync } from "node:fs";
import { connect } from "../../../worker/src/service/kubernetes.ts";
import { Submissions } from "../../../worker/src/service/submissions.ts";

/* A process, since the client of Kubernetes is an ES module, which Jest cannot load. */
const [, , path = ""] = process.argv;
const { request, file, server, certificateAuthority, certificate, key } = JSON.parse(readFileSync(path, "utf8"));
const base64 = (text: string) => Buffer.from(text).toString("base64");
const submissions = new Submissions({
  resultsRoot: "s3://bucket/runs",
  file,
  storeOptions: {},
  connect: (namespace) =>
    connect(namespace, (configuration) =>
      configuration.loadFromClusterAndUser(
        { name: "test", server, caData: base64(certificateAuthority), skipTLSVerify: false },
        { name: "api", certData: base64(certificate), keyData: base64(key) },
      ),
    ),
});
const submitted = await submissions.submit(request, "somebody@example.com");
process.stdout.write(`${JSON.stringify(submitted)}\n`);
