import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectDocumented, testApp, testServices } from "../../support/service.ts";
import { temporaryDirectory } from "../../support/sweep.ts";

const directory = temporaryDirectory();
const own = [
  ["receipt", "receipt.json", "application/json", "run sweep verify '/my results/queue/b'"],
  [
    "results.parquet",
    "results.parquet",
    "application/vnd.apache.parquet",
    "run sweep export '/my results/queue/b', which writes it into your own folder",
  ],
] as const;

describe.each(own)("the %s of a sweep", (part, file, type, fix) => {
  const target = `/api/sweeps/queue:b/${part}`;
  const documented = `/api/sweeps/{name}/${part}`;
  const url = () => "/my results/queue/b";

  test("is the file of a directory", async () => {
    const path = join(directory, file);
    writeFileSync(path, "{}");
    const download = async () => ({ kind: "file" as const, path });
    const { app, request } = testApp({ api: testServices({ monitor: { download, url } }) });
    const [answer, head] = [await request(target), await request(target, { method: "HEAD" })];
    expect([answer.status, await answer.clone().text(), head.status, await head.text()]).toEqual([200, "{}", 200, ""]);
    for (const { headers } of [answer, head]) {
      expect(["content-type", "content-length", "content-disposition"].map((name) => headers.get(name))).toEqual([
        type,
        "2",
        `attachment; filename="queue-b-${file}"`,
      ]);
    }
    await expectDocumented(app, "GET", documented, answer);
  });

  test.each([
    ["in a bucket", async () => undefined],
    ["in a directory", async () => ({ kind: "file" as const, path: join(directory, "nothing") })],
  ])("that is not there %s is an error that tells how to get it", async (_name, download) => {
    const { app, request } = testApp({ api: testServices({ monitor: { download, url } }) });
    const answer = await request(target);
    expect(answer.status).toBe(404);
    expect(await answer.clone().json()).toMatchObject({ detail: `queue:b has no ${file} yet: ${fix}` });
    await expectDocumented(app, "GET", documented, answer);
  });
});
