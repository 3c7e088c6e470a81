import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documentOf } from "../../../worker/src/service/document.ts";
import { testApp } from "../../support/service.ts";

const path = join(__dirname, "openapi.json");

test("the document is as it was", async () => {
  const { app, request } = testApp();
  const served = (await (await request("/api/openapi.json")).json()) as object;
  expect(served).toEqual(JSON.parse(JSON.stringify(documentOf(app))));
  if (process.env.UPDATE_OPENAPI === "1") writeFileSync(path, `${JSON.stringify(served, null, 2)}\n`);
  const hint =
    "after a change that is meant: UPDATE_OPENAPI=1 npx jest test/worker/service/openapi.test.ts && npm run format";
  expect({ hint, document: served }).toEqual({ hint, document: JSON.parse(readFileSync(path, "utf8")) });
});

test("clients can generate code from it: each operation has a name of its own, and each answer a description", () => {
  const operations = Object.values(documentOf(testApp().app).paths ?? {}).flatMap((item) => Object.values(item));
  const names = operations.map(({ operationId }) => operationId);
  expect(names).not.toContain(undefined);
  expect(new Set(names).size).toBe(names.length);
  for (const { responses, summary } of operations) {
    expect(summary).toMatch(/^[A-Z]/);
    for (const { description } of Object.values(responses as Record<string, { description: string }>))
      expect(description).toMatch(/\w/);
  }
});

test("docs/api.md has a row for each operation, and no other", () => {
  const text = readFileSync(join(__dirname, "../../../docs/api.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([A-Z]+ \/\S+)` \|/gm)].map(([, operation]) => operation);
  const operations = Object.entries(documentOf(testApp().app).paths ?? {}).flatMap(([place, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${place}`),
  );
  expect(rows.sort()).toEqual(operations.sort());
});
