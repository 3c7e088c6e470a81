import { type Ended, runProgram } from "./program.ts";

/** AWS, or the AWS CLI, has answered with an error. */
export class AwsError extends Error {
  override readonly name = "AwsError";

  /** @param code AWS's own word, such as `AccessDenied`; empty where the AWS CLI did not get as far as AWS. */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  get forbidden(): boolean {
    return /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError|403)$/.test(this.code);
  }
}

/** The user's own AWS CLI, with the user's own credentials: no second way to be logged in. */
export class AwsCli {
  /** @param seconds that a command may take as a whole, its start included. @default 40 */
  constructor(
    private readonly region: string,
    private readonly seconds = 40,
  ) {}

  /**
   * What a command answers, parsed.
   * @throws AwsError
   */
  async ask<Answer>(...args: readonly string[]): Promise<Answer> {
    const limits = ["--cli-connect-timeout", "5", "--cli-read-timeout", "15"];
    const ended = await runProgram("aws", [...args, "--region", this.region, "--output", "json", ...limits], {
      seconds: this.seconds,
      env: { ...process.env, AWS_PAGER: "", AWS_MAX_ATTEMPTS: "2" },
    });
    if (ended.outcome === "ended" && ended.status === 0) {
      // Where there is nothing to say, the CLI says nothing.
      return (ended.stdout.trim() === "" ? {} : JSON.parse(ended.stdout)) as Answer;
    }
    throw errorOf(ended, args.slice(0, 2).join(" "));
  }
}

function errorOf(ended: Ended, command: string): AwsError {
  if (ended.outcome === "missing") return new AwsError("", "the AWS CLI is not on PATH");
  if (ended.outcome === "timeout") return new AwsError("", `aws ${command}: no answer in ${ended.seconds} s`);
  // A proxy may answer with a whole page.
  const text = ended.stderr.trim().replace(/\s+/g, " ").slice(0, 300);
  const [, code = ""] = /An error occurred \(([\w.]+)\)/.exec(text) ?? [];
  return new AwsError(code, text || `aws ${command} ended with ${ended.status}`);
}
