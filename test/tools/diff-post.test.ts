import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../../tools/diff/github.ts";
import { closeIssue, upsertComment, upsertIssue } from "../../tools/diff/post.ts";
import { FakeGitHub } from "../support/fake-github.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
let github: FakeGitHub;
let repository: Repository;
beforeEach(async () => {
  github = await FakeGitHub.start();
  repository = { api: github.url, name: "example/platform", token: "secret", patience: 0.01 };
});
afterEach(() => github.stop());

const text = (body: string) => ({ author: "github-actions[bot]", marker: "the diff", body });
const comment = (body: string, onlyUpdate = false) => upsertComment(repository, 7, text(body), { onlyUpdate });
const bodies = () => github.comments.filter(({ of }) => of === 7).map(({ body }) => body);
const writes = () => github.requests.filter((request) => !request.startsWith("GET"));

describe("the comment of a pull request", () => {
  test("is created once, and then brought up to date in place", async () => {
    expect(await comment("first")).toMatchObject({ done: "created", url: "https://github.example/1" });
    expect(await comment("second")).toMatchObject({ done: "updated", url: "https://github.example/1" });
    expect(bodies()).toEqual(["<!-- the diff -->\nsecond"]);
    expect(github.tokens).toEqual(new Set(["Bearer secret"]));
  });

  test("is not written again when it says the same", async () => {
    await comment("same");
    expect((await comment("same")).done).toBe("nothing to do");
    expect(writes()).toHaveLength(1);
  });

  test("is found behind hundreds of others", async () => {
    for (let index = 0; index < 250; index += 1) github.add(github.comments, { of: 7, body: "chat" });
    const ours = github.add(github.comments, { of: 7, body: "<!-- the diff -->\nold" });
    expect((await comment("new")).done).toBe("updated");
    expect(ours.body).toBe("<!-- the diff -->\nnew");
  });

  test("is never somebody else's, whatever that one begins with", async () => {
    const other = github.add(github.comments, { of: 7, body: "<!-- the diff -->\nmine", user: { login: "somebody" } });
    const quote = github.add(github.comments, { of: 7, body: "> <!-- the diff -->" });
    expect((await comment("ours")).done).toBe("created");
    expect([other.body, quote.body]).toEqual(["<!-- the diff -->\nmine", "> <!-- the diff -->"]);
  });

  test("is left out where nothing changes, and says so where there is one", async () => {
    expect((await comment("nothing changes", true)).done).toBe("nothing to do");
    expect(bodies()).toEqual([]);
    await comment("a plan");
    expect((await comment("nothing changes", true)).done).toBe("updated");
    expect(bodies()).toEqual(["<!-- the diff -->\nnothing changes"]);
  });

  test("is cut before GitHub refuses it", async () => {
    await comment(`${"x".repeat(99)}\n`.repeat(1000));
    const [body = ""] = bodies();
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body.length).toBeGreaterThan(65_000);
    expect(body).toContain("The rest is cut");
  });

  test("is written once, though an answer was lost", async () => {
    let lost = 0;
    github.fault = (request) => (request.startsWith("POST") && lost++ === 0 ? "then" : undefined);
    expect((await comment("once")).done).toBe("nothing to do");
    expect(bodies()).toEqual(["<!-- the diff -->\nonce"]);
  });

  test.each([500, 502, 503])("is written after an answer of %d", async (status) => {
    let failures = 2;
    github.fault = () => (failures-- > 0 ? { status } : undefined);
    expect((await comment("text")).done).toBe("created");
  });

  test("waits as long as a secondary rate limit asks for, and goes on", async () => {
    let asked = false;
    github.fault = () => {
      if (asked) return undefined;
      asked = true;
      return { status: 403, headers: { "Retry-After": "1" }, message: "You have exceeded a secondary rate limit" };
    };
    const started = Date.now();
    expect((await comment("text")).done).toBe("created");
    expect(Date.now() - started).toBeGreaterThan(950);
  });

  test.each<[number, Record<string, string>, RegExp, number]>([
    [401, {}, /answered 401 to GET .*\/issues\/7\/comments: as the test asked; the token is wrong or has expired/, 1],
    [403, {}, /the job needs `permissions: pull-requests: write`/, 1],
    [404, {}, /there is no such repository, pull request or issue, or the token may not see it/, 1],
    [422, {}, /answered 422/, 1],
    [500, {}, /answered 500 .*\(4 attempts\)/, 4],
    [403, { "Retry-After": "3600" }, /a rate limit is reached/, 1],
    [403, { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999" }, /a rate limit is reached/, 1],
  ])("ends with what GitHub said of %d %j, and does not ask in vain", async (status, headers, message, requests) => {
    github.fault = () => ({ status, headers });
    await expect(comment("text")).rejects.toThrow(message);
    expect(github.requests).toHaveLength(requests);
  });

  test("says that GitHub cannot be reached", async () => {
    await expect(upsertComment({ ...repository, api: "http://127.0.0.1:1" }, 7, text("text"))).rejects.toThrow(
      /GitHub cannot be reached .* \(4 attempts\)/,
    );
  });
});

describe("the issue", () => {
  const labelled = { label: "drift", title: "What is deployed is not what the code says" };

  test("is opened once, kept up to date, closed when it is over, and opened anew after that", async () => {
    expect((await upsertIssue(repository, labelled, text("one"))).done).toBe("created");
    expect((await upsertIssue(repository, labelled, text("two"))).done).toBe("updated");
    expect(github.issues).toMatchObject([
      { ...{ title: labelled.title }, labels: ["drift"], body: "<!-- the diff -->\ntwo" },
    ]);
    expect((await closeIssue(repository, "drift", text("over"))).done).toBe("closed");
    expect(github.issues).toMatchObject([{ state: "closed", body: "<!-- the diff -->\nover" }]);
    expect((await closeIssue(repository, "drift", text("over"))).done).toBe("nothing to do");
    expect((await upsertIssue(repository, labelled, text("three"))).done).toBe("created");
    expect(github.issues).toHaveLength(2);
  });

  test("is never one that a person has opened with that label", async () => {
    const theirs = github.add(github.issues, { labels: ["drift"], body: "please look", user: { login: "somebody" } });
    await upsertIssue(repository, labelled, text("ours"));
    await closeIssue(repository, "drift", text("over"));
    expect(theirs).toMatchObject({ state: "open", body: "please look" });
  });
});

describe("the commands", () => {
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    startProgram([process.execPath, "--import", "tsx", "tools/diff/index.ts", ...args], {
      cwd: join(__dirname, "../.."),
      env: { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: "example/platform", GITHUB_TOKEN: "secret", ...env },
    }).finished;
  const file = (name: string, content: string) => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };

  test("post several files as one comment", async () => {
    const bodies = [file("dev.md", "of dev\n"), file("prod.md", "of prod\n")];
    const { code, stdout } = await run([
      "comment",
      "--pull-request",
      "7",
      ...bodies.flatMap((path) => ["--body", path]),
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "comment: created https://github.example/1\n" });
    expect(github.comments[0]?.body).toBe("<!-- evaluation-platform diff -->\nof dev\n\nof prod\n");
  });

  test("open and close an issue", async () => {
    const body = file("drift.md", "drift");
    expect((await run(["issue", "--body", body])).stdout).toContain("issue: created");
    expect((await run(["issue", "--close", "--body", body])).stdout).toContain("issue: closed");
  });

  test.each<[string[], Record<string, string>, string]>([
    [["comment", "--pull-request", "0", "--body", "x"], {}, "allowed is the number of a pull request"],
    [["comment", "--pull-request", "7", "--body", "absent.md"], {}, "--body: cannot read absent.md"],
    [["comment", "--pull-request", "7"], {}, "required option '--body <file>'"],
    [["issue", "--body", __filename], { GITHUB_TOKEN: "" }, "GITHUB_TOKEN: got nothing"],
    [
      ["issue", "--body", __filename],
      { GITHUB_REPOSITORY: "example" },
      "--repository: got example; allowed is owner/name",
    ],
  ])("refuse %j %j with what is allowed", async (args, env, message) => {
    const { code, stderr } = await run(args, env);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
