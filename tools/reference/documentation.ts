import { join } from "node:path";
import { Node, Project, type Type } from "ts-morph";

/** The documentation of a field, as an editor shows it on hover. */
export interface FieldDocumentation {
  /** Its first sentence, without the full stop. */
  readonly summary: string;
  readonly text: string;
  /** The text of `@default`. */
  readonly default: string | undefined;
}

const repository = join(__dirname, "../..");
let project: Project | undefined;

/**
 * The documentation of every field of an exported interface, or of an exported object, inherited fields included.
 *
 * @param path the file below the repository.
 */
export function documentationOf(path: string, name: string): ReadonlyMap<string, FieldDocumentation> {
  project ??= new Project({ tsConfigFilePath: join(repository, "tsconfig.json"), skipAddingFilesFromTsConfig: true });
  const checker = project.getTypeChecker().compilerObject;
  const type = typeOf(project, path, name);
  return new Map(
    type.getProperties().map((property) => {
      const symbol = property.compilerSymbol;
      const text = symbol.getDocumentationComment(checker).map(plainText).join("").replaceAll("\n", " ");
      const byDefault = symbol.getJsDocTags(checker).find((tag) => tag.name === "default");
      const [summary = ""] = text.split(/\.(?: |$)/);
      return [property.getName(), { summary, text, default: byDefault?.text?.map(plainText).join("") }];
    }),
  );
}

function plainText({ text }: { readonly text: string }): string {
  return text;
}

function typeOf(project: Project, path: string, name: string): Type {
  const [declaration] = project.addSourceFileAtPath(join(repository, path)).getExportedDeclarations().get(name) ?? [];
  if (Node.isInterfaceDeclaration(declaration) || Node.isVariableDeclaration(declaration)) return declaration.getType();
  throw new Error(`${path} exports no interface and no object ${name}`);
}
