/**
 * The beginning of an app whose stacks have Terraform's built-in resources only: `stack(id)` has a local state, and `one(stack, id, input)`
 * is a resource of that name, optionally with a command that makes it.
 * @param when of the command: `destroy` runs it when the resource is destroyed. @default when it is made
 */
export const dataStacks = (when?: "destroy") => `
import { App, DataResource, LocalBackend, TerraformOutput, TerraformStack } from "cdktf";
const app = new App();
const stack = (id: string) => {
  const made = new TerraformStack(app, id);
  new LocalBackend(made, { path: \`../../../terraform.\${id}.tfstate\` });
  return made;
};
const one = (scope: TerraformStack, id: string, input: unknown, command?: string) => {
  const provisioners = command === undefined ? undefined : [{ type: "local-exec" as const, command, when: ${JSON.stringify(when)} as "destroy" }];
  const made = new DataResource(scope, id, { input: input as never, provisioners });
  made.overrideLogicalId(id);
  return made;
};
`;
