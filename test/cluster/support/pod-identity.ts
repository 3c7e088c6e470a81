import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** The agent of EKS Pod Identity, which gives credentials to pods. */
export interface PodIdentityAgent {
  /** The variables that the webhook of EKS writes into a pod with an association. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): void;
}

/**
 * @param folder for the token, which a pod finds in a volume that the webhook adds.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
 */
export async function startPodIdentityAgent(folder: string): Promise<PodIdentityAgent> {
  const token = randomUUID();
  const file = join(folder, "eks-pod-identity-token");
  writeFileSync(file, token);
  const server = createServer((request, response) => {
    if (request.headers.authorization !== token) {
      response.writeHead(403).end();
      return;
    }
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ AccessKeyId: "test", SecretAccessKey: "test", Token: "test", Expiration }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    environment: {
      // On EKS the address is 169.254.170.23, which the SDK accepts without TLS, as it does this one.
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
