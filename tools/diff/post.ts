import { list, type Post, type Repository, request, withRetries } from "./github.ts";

/** What GitHub takes in a comment and in an issue. */
export const mostCharacters = 65_536;

/** What was done, for the log. */
export interface Posted {
  readonly done: "created" | "updated" | "closed" | "nothing to do";
  readonly url?: string;
}

/** A text that is kept up to date in one place. */
export interface Upsert {
  /** Who writes it: a marker in somebody else's words is not ours to overwrite. For example `github-actions[bot]`. */
  readonly author: string;
  /** Distinguishes it from others of the same author; not seen by readers. */
  readonly marker: string;
  readonly body: string;
}

/**
 * Creates or updates the one comment of a pull request.
 * @param options.onlyUpdate writes nothing where there is no comment yet.
 */
export function upsertComment(
  repository: Repository,
  pullRequest: number,
  { author, marker, body }: Upsert,
  { onlyUpdate = false } = {},
): Promise<Posted> {
  return withRetries(repository, async () => {
    const comments = await list(repository, `/issues/${pullRequest}/comments`);
    const existing = comments.find((comment) => isOurs(comment, author, marker));
    if (existing === undefined && onlyUpdate) return { done: "nothing to do" };
    const written = { body: bodyWith(marker, body) };
    if (existing?.body === written.body) return { done: "nothing to do", url: existing.html_url };
    const { html_url } = await (existing === undefined
      ? request<Post>(repository, "POST", `/issues/${pullRequest}/comments`, written)
      : request<Post>(repository, "PATCH", `/issues/comments/${existing.id}`, written));
    return { done: existing === undefined ? "created" : "updated", url: html_url };
  });
}

/** Opens or updates the one open issue with a label. */
export function upsertIssue(
  repository: Repository,
  { label, title }: { readonly label: string; readonly title: string },
  { author, marker, body }: Upsert,
): Promise<Posted> {
  return withRetries(repository, async () => {
    const existing = await openIssue(repository, label, author, marker);
    const written = { title, body: bodyWith(marker, body) };
    const { html_url } = await (existing === undefined
      ? request<Post>(repository, "POST", "/issues", { ...written, labels: [label] })
      : request<Post>(repository, "PATCH", `/issues/${existing.number}`, written));
    return { done: existing === undefined ? "created" : "updated", url: html_url };
  });
}

/** Closes the issue that {@link upsertIssue} has opened; its text becomes the reason. */
export function closeIssue(repository: Repository, label: string, { author, marker, body }: Upsert): Promise<Posted> {
  return withRetries(repository, async () => {
    const existing = await openIssue(repository, label, author, marker);
    if (existing === undefined) return { done: "nothing to do" };
    const closed = { state: "closed", state_reason: "completed", body: bodyWith(marker, body) };
    const { html_url } = await request<Post>(repository, "PATCH", `/issues/${existing.number}`, closed);
    return { done: "closed", url: html_url };
  });
}

async function openIssue(repository: Repository, label: string, author: string, marker: string) {
  const issues = await list(repository, `/issues?state=open&labels=${encodeURIComponent(label)}`);
  return issues.find((issue) => issue.pull_request === undefined && isOurs(issue, author, marker));
}

function isOurs({ body, user }: Post, author: string, marker: string): boolean {
  return user?.login === author && (body ?? "").startsWith(hidden(marker));
}

const hidden = (marker: string) => `<!-- ${marker} -->`;

/** The last resort; `npm run diff -- --limit` cuts where it hurts least. */
function bodyWith(marker: string, body: string): string {
  const whole = `${hidden(marker)}\n${body}`;
  if (whole.length <= mostCharacters) return whole;
  const note = "\n\nThe rest is cut: GitHub takes no more in one text.\n";
  return `${whole.slice(0, whole.lastIndexOf("\n", mostCharacters - note.length))}${note}`;
}
