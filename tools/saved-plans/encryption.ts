import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { refusal, ToolError } from "../support/tool.ts";

/**
 * The environment variable with the private key. It is no option, because every user of a machine can read the options of a process.
 */
export const privateKeyVariable = "PLAN_PRIVATE_KEY";

/** The beginning of each private key. */
const privateKeyPrefix = "AGE-SECRET-KEY-";

/**
 * A key pair of age, for the plan files of one environment.
 * @see https://age-encryption.org/v1 for the format, which the program `age` reads, too.
 */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

export async function newKeyPair(): Promise<KeyPair> {
  const privateKey = await generateIdentity();
  return { privateKey, publicKey: await identityToRecipient(privateKey) };
}

/** @throws ToolError if `--encrypt-for` has no public key. */
export function encrypterFor(publicKey: string): Encrypter {
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(publicKey.trim());
  } catch {
    const fix = "give the public key that npm run plan-key prints";
    // The error must not show a private key.
    const got = publicKey.includes(privateKeyPrefix) ? "a private key" : publicKey;
    throw refusal("--encrypt-for", "a public key of age, which begins with age1", got, fix);
  }
  return encrypter;
}

/** Takes the private key out of the environment variables, so that no program that a deploy starts gets it, such as a provider. */
export function takePrivateKey(): string | undefined {
  const value = process.env[privateKeyVariable];
  delete process.env[privateKeyVariable];
  return value;
}

/**
 * @param privateKey the value of the environment variable. It may be the whole file of `age-keygen`.
 * @throws ToolError without a private key. The error never shows the value.
 */
export function decrypterFor(privateKey = ""): Decrypter {
  const allowed = `a private key of age, which begins with ${privateKeyPrefix}`;
  const fix = "set it to the private key that npm run plan-key made together with the public key of these plans";
  if (privateKey.trim() === "") throw refusal(privateKeyVariable, allowed, undefined, fix);
  const lines = privateKey.split("\n").map((line) => line.trim());
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(lines.find((line) => line.startsWith(privateKeyPrefix)) ?? "");
  } catch {
    throw refusal(privateKeyVariable, allowed, "another value, which is not shown", fix);
  }
  return decrypter;
}

/** @param file names the content in an error. @throws ToolError if it was encrypted for another key, or was changed. */
export async function decrypted(decrypter: Decrypter, content: Uint8Array, file: string): Promise<Uint8Array> {
  try {
    return await decrypter.decrypt(content);
  } catch (error) {
    const { message } = error as Error;
    const reason = message.startsWith("no identity matched")
      ? `${privateKeyVariable} is not the private key of the public key that it was encrypted for`
      : `it is no file of age, or it was changed after it was encrypted (${message})`;
    throw new ToolError(`${file} cannot be decrypted: ${reason}; nothing was applied`);
  }
}
