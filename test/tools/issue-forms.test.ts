import { join } from "node:path";
import { parse } from "yaml";
import { read } from "../support/repository.ts";

test.each(["bug.yml", "feature.yml"])("the form %s asks questions that GitHub can show", (name) => {
  const form = parse(read(join(".github/ISSUE_TEMPLATE", name)));
  expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
  const ids = form.body.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { type, attributes } of form.body) {
    expect(["textarea", "dropdown", "input", "checkboxes"]).toContain(type);
    expect(attributes.label).toMatch(/\S/);
    if (type === "dropdown") expect(attributes.options.length).toBeGreaterThan(1);
  }
});
