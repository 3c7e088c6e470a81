import { join } from "node:path";
import { Project, type Symbol as Property, type SourceFile, type Type, ts } from "ts-morph";
import { repository } from "./readme.ts";

/** Answers of an editor when the pointer rests on a field of an object. */
export interface Field {
  /** For example `nodePools.*.taints[].key`. */
  readonly path: string;
  readonly isOptional: boolean;
  readonly documentation: string;
  /** Text of the tag `@default`. */
  readonly defaultText: string | undefined;
}

/** The field and its name's position in a text, before the language service is asked. */
interface Written {
  readonly path: string;
  readonly isOptional: boolean;
  readonly position: number;
}

/**
 * Writes an object literal with every field of an interface, at every depth, and asks TypeScript's language service for quick info on
 * each. It needs no build: the service reads the sources as an editor does.
 */
export function fieldsOf(typeName: string, file: string): Field[] {
  const project = new Project({
    tsConfigFilePath: join(repository, "tsconfig.json"),
    skipAddingFilesFromTsConfig: true,
  });
  const declared = project.addSourceFileAtPath(join(repository, file)).getInterfaceOrThrow(typeName).getType();
  const opening = `import type { ${typeName} } from ${JSON.stringify(join(repository, file))};\nexport const value: ${typeName} = `;
  const writer = new LiteralWriter(opening);
  writer.write(declared, "");
  const probe = project.createSourceFile(join(repository, "quick-info-probe.ts"), `${writer.text};\n`);
  return writer.fields.map((field) => quickInfoOf(project, probe, field));
}

function quickInfoOf(project: Project, probe: SourceFile, { position, ...field }: Written): Field {
  const service = project.getLanguageService().compilerObject;
  const info = service.getQuickInfoAtPosition(probe.getFilePath(), position);
  const tag = info?.tags?.find(({ name }) => name === "default");
  return {
    ...field,
    documentation: ts.displayPartsToString(info?.documentation),
    defaultText: tag && ts.displayPartsToString(tag.text),
  };
}

class LiteralWriter {
  readonly fields: Written[] = [];

  constructor(public text: string) {}

  write(type: Type, path: string): void {
    const whole = type.getNonNullableType();
    const element = whole.getArrayElementType();
    const value = whole.getStringIndexType();
    if (element !== undefined) this.enclose("[", "]", () => this.write(element, `${path}[]`));
    else if (value !== undefined)
      this.enclose('{ "*": ', "}", () => this.write(value, path === "" ? "*" : `${path}.*`));
    else if (whole.isObject()) this.enclose("{", "}", () => this.writeFields(whole, path));
    // The service needs no value of the right type.
    else this.text += "undefined as never";
  }

  private writeFields(type: Type, path: string): void {
    for (const property of type.getProperties().filter(isDeclared)) {
      const [declaration] = property.getDeclarations();
      if (declaration === undefined) continue;
      const name = property.getName();
      const fieldPath = path === "" ? name : `${path}.${name}`;
      this.fields.push({ path: fieldPath, isOptional: property.isOptional(), position: this.text.length });
      this.text += `${name}: `;
      this.write(property.getTypeAtLocation(declaration), fieldPath);
      this.text += ", ";
    }
  }

  private enclose(opening: string, closing: string, write: () => void): void {
    this.text += opening;
    write();
    this.text += closing;
  }
}

/** The keys of a `Record` of words, such as names of add-ons, are no fields: nobody can document each. */
function isDeclared(property: Property): boolean {
  return property.getDeclarations().some((declaration) => declaration.getKindName() === "PropertySignature");
}
