import { Fn } from "cdktf";
import { terraformText, terraformTexts } from "../../../constructs/support/terraform-text.ts";

test.each([
  ["plain", "plain"],
  ["a $ and a % and a {b}", "a $ and a % and a {b}"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
  ["echo ${HOME}", "echo $${HOME}"],
  ["%{ if true }", "%%{ if true }"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
  ["${a}%{b}${c}", "$${a}%%{b}$${c}"],
])("%j is %j in Terraform", (text, written) => {
  expect(terraformText(text)).toBe(written);
  expect(terraformTexts({ [text]: text })).toEqual({ [written]: written });
});

test("a reference to a resource stays a reference", () => {
  const reference = `s3://${Fn.lower("BUCKET")}/runs`;
  expect(terraformText(reference)).toBe(reference);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a user.
  expect(terraformText(`${reference} and ${"${HOME}"}`)).toBe(`${reference} and ${"$${HOME}"}`);
});
