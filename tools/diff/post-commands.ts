import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { ToolError } from "../support/tool.ts";
import type { Repository } from "./github.ts";
import { closeIssue, type Posted, upsertComment, upsertIssue } from "./post.ts";

interface Common {
  readonly repository?: string;
  readonly author: string;
  readonly marker: string;
  readonly body: readonly string[];
}

/** `npm run diff -- comment` and `npm run diff -- issue`: what brings a diff to GitHub. */
export function postCommands(): Command[] {
  const comment = posting("comment", "Write the one comment of a pull request, or bring it up to date.")
    .requiredOption("--pull-request <number>", "which", wholeNumber)
    .option("--only-update", "write nothing where there is no comment yet")
    .action(async (options: Common & { pullRequest: number; onlyUpdate?: true }) => {
      const text = { author: options.author, marker: options.marker, body: bodyOf(options.body) };
      const onlyUpdate = options.onlyUpdate === true;
      report("comment", await upsertComment(repositoryOf(options), options.pullRequest, text, { onlyUpdate }));
    });
  const issue = posting("issue", "Open the one issue with a label, bring it up to date, or close it.")
    .option("--title <title>", "of the issue", "What is deployed is not what the code says")
    .option("--label <label>", "by which it is found", "drift")
    .option("--close", "close it where it is open; the body says why")
    .action(async (options: Common & { title: string; label: string; close?: true }) => {
      const text = { author: options.author, marker: options.marker, body: bodyOf(options.body) };
      const repository = repositoryOf(options);
      report(
        "issue",
        await (options.close ? closeIssue(repository, options.label, text) : upsertIssue(repository, options, text)),
      );
    });
  return [comment, issue];
}

function posting(name: string, description: string): Command {
  return new Command(name)
    .description(`${description} GITHUB_TOKEN holds the token.`)
    .helpOption("--help", "what you read now")
    .showHelpAfterError()
    .option("--repository <owner/name>", "where (default: GITHUB_REPOSITORY)")
    .option("--author <login>", "whose it is: texts of others are left alone", "github-actions[bot]")
    .option("--marker <text>", "tells it from others of the same author", "evaluation-platform diff")
    .requiredOption("--body <file>", "markdown (can be repeated)", (file, before: string[] = []) => [...before, file]);
}

function repositoryOf({ repository }: Common): Repository {
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY, GITHUB_API_URL: api } = process.env;
  const name = repository ?? GITHUB_REPOSITORY;
  if (name === undefined || !/^[\w.-]+\/[\w.-]+$/.test(name)) {
    throw new ToolError(`--repository: got ${name ?? "nothing"}; allowed is owner/name`);
  }
  if (!token) throw new ToolError("GITHUB_TOKEN: got nothing; allowed is a token that may write there");
  return { name, token, api };
}

function bodyOf(files: readonly string[]): string {
  const texts = files.map((file) => {
    try {
      return readFileSync(file, "utf8").trim();
    } catch (error) {
      throw new ToolError(`--body: cannot read ${file}: ${(error as Error).message}`);
    }
  });
  return `${texts.join("\n\n")}\n`;
}

function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("allowed is the number of a pull request.");
}

function report(what: string, { done, url }: Posted): void {
  process.stdout.write(`${what}: ${done}${url === undefined ? "" : ` ${url}`}\n`);
}
