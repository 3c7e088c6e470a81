import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its private key, as PEM. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

/** The certificates of one control plane. They are made with `openssl`, since Node.js can make keys but no certificates. */
export class CertificateAuthority {
  /** The authority's own certificate, as PEM. */
  readonly certificate: string;
  readonly certificateFile: string;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    this.certificateFile = join(folder, "ca.crt");
    const key = this.writeKey("ca");
    const subject = ["-subj", "/CN=kubernetes", "-days", "2"];
    this.openssl("req", "-x509", "-new", "-key", key, "-out", this.certificateFile, ...subject);
    this.certificate = readFileSync(this.certificateFile, "utf8");
  }

  /** A certificate with which a client is a Kubernetes user, for example `system:node:<name>` of the group `system:nodes`. */
  client(user: string, group?: string): Credentials {
    const organisation = group === undefined ? "" : `/O=${group}`;
    return this.sign(user.replaceAll(/\W/g, "-"), `${organisation}/CN=${user}`, "extendedKeyUsage=clientAuth");
  }

  server(name: string, addresses: readonly string[]): Credentials {
    return this.sign(name, `/CN=${name}`, `extendedKeyUsage=serverAuth\nsubjectAltName=${addresses.join(",")}`);
  }

  private sign(name: string, subject: string, extensions: string): Credentials {
    const [request, certificate, configuration] = ["csr", "crt", "cnf"].map((end) =>
      join(this.folder, `${name}.${end}`),
    );
    const key = this.writeKey(name);
    writeFileSync(configuration as string, extensions);
    this.openssl("req", "-new", "-key", key, "-out", request as string, "-subj", subject);
    const authority = ["-CA", this.certificateFile, "-CAkey", join(this.folder, "ca.key"), "-CAcreateserial"];
    const files = ["-in", request as string, "-out", certificate as string, "-extfile", configuration as string];
    this.openssl("x509", "-req", ...authority, ...files, "-days", "2");
    return { certificate: readFileSync(certificate as string, "utf8"), key: readFileSync(key, "utf8") };
  }

  private writeKey(name: string): string {
    const file = join(this.folder, `${name}.key`);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    return file;
  }

  private openssl(...args: string[]): void {
    // Its words appear in the error if it fails.
    execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
  }
}

/** A pair of keys with which the API server signs the tokens of service accounts, as PEM. */
export function serviceAccountKeys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}
