import { join } from "node:path";
import { Project, ts } from "ts-morph";

const repository = join(__dirname, "../..");
let shared: Project | undefined;

/** The repository as an editor sees it. Files are added when they are imported. */
export function project(): Project {
  shared ??= new Project({ tsConfigFilePath: join(repository, "tsconfig.json"), skipAddingFilesFromTsConfig: true });
  return shared;
}

/** The documentation and the `@default` that an editor shows at a place of a TypeScript text in `test/support`. */
export function hoverOf(text: string, position: number): { readonly text: string; readonly default?: string } {
  const path = join(repository, "test/support/hovered.ts");
  const before = project().getSourceFile(path);
  // Another text costs another type check of everything that it imports.
  const file = before?.getFullText() === text ? before : project().createSourceFile(path, text, { overwrite: true });
  const service = project().getLanguageService().compilerObject;
  const hover = service.getQuickInfoAtPosition(file.getFilePath(), position);
  const byDefault = hover?.tags?.find((tag) => tag.name === "default");
  return {
    text: ts.displayPartsToString(hover?.documentation).replaceAll("\n", " "),
    ...(byDefault !== undefined && { default: ts.displayPartsToString(byDefault.text) }),
  };
}
