import { bot, describeWithBash, type Post, workspace } from "../support/workflow-scripts.ts";
import { stepOf } from "../support/workflows.ts";

const link = "[this run](https://github.example/runs/1)";
const ofPeople = [
  { id: 1, number: 1, user: { login: "somebody" }, body: null },
  { id: 2, number: 2, user: { login: "somebody" }, body: "<!-- evaluation-platform diff -->\nmine" },
  { id: 3, number: 3, user: { login: "somebody" }, body: "<!-- evaluation-platform drift -->\nmine" },
];

describeWithBash("the comment of a pull request", () => {
  const values = { PULL_REQUEST: "7", QUIET: "false", HEAD_SHA: "0123456789abcdef" };
  const ours = { id: 30, user: bot, body: "<!-- evaluation-platform diff -->\nan older plan" };
  const posted = "POST repos/example/platform/issues/7/comments";
  const comment = (posts: readonly Post[], changes = {}) => {
    const job = workspace({ posts });
    job.write("plans/dev/01.md", "of dev\n");
    job.write("plans/prod/01.md", "of prod\n");
    return { job, ended: job.run("diff", "comment", "Comment", { ...values, ...changes }) };
  };

  test("holds every environment, and ends with the commit, the run and how each job ended", () => {
    const { job, ended } = comment([]);
    expect(ended).toEqual({ status: 0, stderr: "" });
    expect(job.read("requests")).toBe(`GET repos/example/platform/issues/7/comments?per_page=100\n${posted}\n`);
    expect(job.read("body.md")).toBe(
      `<!-- evaluation-platform diff -->\nof dev\n\nof prod\n\n<sub>Commit 0123456, merged into main; ${link} (dev: failure, prod: success).</sub>\n`,
    );
  });

  test("takes the place of the one before it", () => {
    expect(comment([...ofPeople, ours, { ...ours, id: 31 }]).job.writes()).toEqual([
      "PATCH repos/example/platform/issues/comments/30",
    ]);
  });

  test("leaves alone the comments of people and of other workflows", () => {
    const ofAnotherWorkflow = { id: 4, user: bot, body: "> <!-- evaluation-platform diff -->" };
    expect(comment([...ofPeople, ofAnotherWorkflow]).job.writes()).toEqual([posted]);
  });

  test("takes the place of an older plan also if every runner was lost", () => {
    const job = workspace({ posts: [ours] });
    expect(job.run("diff", "comment", "Comment", values).status).toBe(0);
    expect(job.writes()).toHaveLength(1);
    expect(job.read("body.md")).toMatch(/^<!-- evaluation-platform diff -->\n<sub>Commit/);
  });

  test("is updated, but not created, if nothing changes", () => {
    expect(comment([...ofPeople], { QUIET: "true" }).job.writes()).toEqual([]);
    expect(comment([...ofPeople, ours], { QUIET: "true" }).job.writes()).toHaveLength(1);
  });

  test("has the first length of all environments with which they fit together, and the only one of a failed plan", () => {
    const job = workspace();
    const long = (sign: string) => `${`${sign} …\n`.repeat(10_000)}`;
    for (const name of ["dev", "prod"]) {
      job.write(`plans/${name}/01.md`, long("whole"));
      job.write(`plans/${name}/02.md`, "cut …\n".repeat(5000));
      job.write(`plans/${name}/03.md`, "brief\n");
    }
    job.write("plans/test/01.md", "FAILED\n");
    expect(job.run("diff", "comment", "Comment", values)).toEqual({ status: 0, stderr: "" });
    const body = job.read("body.md");
    expect(new Set(body.split("\n").slice(1, -2))).toEqual(new Set(["cut …", "", "FAILED"]));
    expect(body.length).toBeGreaterThan(60_000);
    expect(body.length).toBeLessThan(65_536);
  });

  test("says so with the run if the shortest length of all environments is too long", () => {
    const job = workspace();
    job.write("plans/dev/01.md", "a long plan\n".repeat(10_000));
    expect(job.run("diff", "comment", "Comment", values)).toEqual({ status: 0, stderr: "" });
    expect(job.read("body.md").split("\n").slice(0, 3)).toEqual([
      "<!-- evaluation-platform diff -->",
      "> [!CAUTION]",
      "> **There are too many environments for one comment.** [This run](https://github.example/runs/1) has all plans and warnings.",
    ]);
    expect(job.read("body.md")).toContain(link);
  });

  test("is not created a second time if GitHub does not say which comments there are", () => {
    const job = workspace({ posts: [ours] });
    job.write("unreadable", "");
    const { status, stderr } = job.run("diff", "comment", "Comment", values);
    expect(status).toBe(1);
    expect(stderr).toContain("HTTP 502");
    expect(job.writes()).toEqual([]);
  });
});

describeWithBash("the issue of drift", () => {
  const ours = { number: 9, user: bot, body: "<!-- evaluation-platform drift -->\nolder" };
  const issue = (posts: readonly Post[], OPEN: "true" | "false") => {
    const job = workspace({ posts });
    job.write("plans/dev/01.md", "of dev\n");
    const values = { OPEN, GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values)).toEqual({ status: 0, stderr: "" });
    return job;
  };

  test("is opened once, says what is not checked, and ends with the commit, the run and how each job ended", () => {
    const job = issue(ofPeople, "true");
    expect(job.read("requests")).toBe(
      "GET repos/example/platform/issues?state=open&labels=drift&per_page=100\nPOST repos/example/platform/issues\n",
    );
    expect(job.read("fields")).toBe("title=The deployed state differs from main\nlabels[]=drift\n");
    const body = job.read("body.md");
    expect(body).toMatch(/^<!-- evaluation-platform drift -->\n/);
    expect(body).toContain("Changes inside the cluster are not detected");
    expect(body).toContain("\nof dev\n");
    expect(body).toMatch(/<sub>Commit 0123456; \[this run\]\(.*\) \(dev: failure, prod: success\)\.<\/sub>\n$/);
  });

  test("is updated while it is open, and never an issue of a person or a pull request", () => {
    const job = issue([...ofPeople, { ...ours, number: 8, pull_request: {} }, ours], "true");
    expect(job.writes()).toEqual(["PATCH repos/example/platform/issues/9"]);
    expect(job.has("fields")).toBe(false);
  });

  test("is closed when the drift is gone", () => {
    const job = issue([...ofPeople, ours], "false");
    expect(job.writes()).toEqual(["PATCH repos/example/platform/issues/9"]);
    expect(job.read("fields")).toBe("state=closed\nstate_reason=completed\n");
  });

  test("is not opened if there is no drift", () => {
    expect(issue(ofPeople, "false").writes()).toEqual([]);
  });

  test("is not opened a second time if GitHub does not say which issues there are", () => {
    const job = workspace({ posts: [ours] });
    job.write("unreadable", "");
    const values = { OPEN: "true", GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values).status).toBe(1);
    expect(job.writes()).toEqual([]);
  });

  test("is as long as the comment at most", () => {
    const job = workspace();
    job.write("plans/dev/01.md", "a long plan\n".repeat(10_000));
    job.write("plans/dev/02.md", "brief\n");
    const values = { OPEN: "true", GITHUB_SHA: "0123456789abcdef" };
    expect(job.run("drift", "issue", "Open, update or close the issue", values).status).toBe(0);
    expect(job.read("body.md")).toContain("\nbrief\n");
    expect(job.read("body.md").length).toBeLessThan(1000);
  });
});

test.each([
  ["diff", "comment", "Comment", "QUIET", "!contains"],
  ["drift", "issue", "Open, update or close the issue", "OPEN", "contains"],
])("%s treats a plan that failed or timed out as unknown", (workflow, job, name, variable, contains) => {
  const step = stepOf(workflow, job, name);
  for (const result of ["failure", "cancelled"]) {
    expect(step?.env?.[variable]).toMatch(new RegExp(`(?<![!\\w])${contains}\\(needs\\.\\*\\.result, '${result}'\\)`));
  }
});
