import { document, endpoint, update } from "../support/plan-changes.ts";

describe("a change in place warns of", () => {
  test.each<[string, object, object, string]>([
    [
      "aws_iam_role_policy",
      { policy: document("a:b") },
      { policy: true },
      "loud: may PERMIT MORE, policy changes, and its new document is known only after the deploy",
    ],
    [
      "aws_eks_cluster",
      endpoint(["10.0.0.0/8"]),
      { vpc_config: [{ public_access_cidrs: true }] },
      'loud: ADMITS MORE, vpc_config[0].public_access_cidrs: ["10.0.0.0/8"] -> (known after apply)',
    ],
    [
      "aws_s3_bucket",
      { force_destroy: false },
      { force_destroy: true },
      "loud: LOSES A PROTECTION, force_destroy: false -> (known after apply)",
    ],
  ])("%s if its new value is known after the deploy", (type, before, after_unknown, expected) => {
    expect(update(type, before, { vpc_config: [{}] }, { after_unknown })).toContain(expected);
  });

  test("a list that is known after the deploy as a whole, with what was in it", () => {
    const before = { metadata_options: [{ http_tokens: "required" }] };
    expect(update("aws_launch_template", before, {}, { after_unknown: { metadata_options: true } })).toEqual([
      'loud: LOSES A PROTECTION, metadata_options[0].http_tokens: "required" -> (known after apply)',
    ]);
  });

  test("nothing that is known after the deploy if it protected nothing before", () => {
    const options = (http_tokens: unknown) => ({ metadata_options: [{ http_tokens }] });
    const unknown = { after_unknown: options(true) };
    expect(update("aws_launch_template", options("optional"), options(null), unknown)).toEqual([]);
  });

  test("a sensitive value without the value", () => {
    const sensitive = { before_sensitive: {}, after_sensitive: { cidr_blocks: true } };
    expect(update("a", { cidr_blocks: [] }, { cidr_blocks: ["0.0.0.0/0"] }, sensitive)).toEqual([
      "loud: ADMITS MORE, cidr_blocks changes, and is sensitive",
    ]);
  });

  test("an order of a set as of nothing, and one changed block of many as of that one", () => {
    const block = (name: string, force_destroy: boolean) => ({ name, force_destroy });
    const before = { part: [block("a", false), block("b", true), block("c", false)] };
    expect(update("a", before, { part: [...before.part].reverse() })).toEqual([]);
    const unnamed = [{ force_destroy: true }, { force_destroy: false }];
    expect(update("a", { part: unnamed }, { part: [...unnamed].reverse() })).toEqual([]);
    expect(update("a", before, { part: [block("c", true), block("b", true), block("a", false)] })).toEqual([
      "loud: LOSES A PROTECTION, part[0].force_destroy: false -> true",
    ]);
  });
});
