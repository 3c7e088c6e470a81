/**
 * A user's text as Terraform must read it: in its templates, a text begins an expression with `${` and a directive with `%{`.
 * A reference to another resource in it is left as it is, since synthesis itself writes the reference as an expression.
 * @see https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
 */
export function terraformText(text: string): string {
  return text.replace(/[$%](?=\{(?!TfToken\[))/g, "$&$&");
}

/** {@link terraformText} of all values of an object, and of its keys. */
export function terraformTexts(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [terraformText(key), terraformText(text)]));
}
