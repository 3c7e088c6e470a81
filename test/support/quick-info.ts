import { join } from "node:path";
import { Project, type Symbol as Property, type Type, ts } from "ts-morph";
import { repository } from "./readme.ts";

/** A field of an object, as an editor shows it when the pointer rests on its name. */
export interface Field {
  /** For example `nodePools.*.taints[].key`. */
  readonly path: string;
  readonly isOptional: boolean;
  readonly documentation: string;
  /** Text of the tag `@default`. */
  readonly defaultText: string | undefined;
}

/** A field, and where its name begins in the text that is hovered. */
interface Written {
  readonly path: string;
  readonly isOptional: boolean;
  readonly position: number;
}

/**
 * Writes an object literal with every field of an interface, at every depth, and asks TypeScript's language service for quick info on
 * each. It needs no build: the service reads the sources, as an editor does.
 * @param file the file with the interface, below the repository.
 */
export function fieldsOf(typeName: string, file: string): Field[] {
  const project = new Project({
    tsConfigFilePath: join(repository, "tsconfig.json"),
    skipAddingFilesFromTsConfig: true,
  });
  const type = project.addSourceFileAtPath(join(repository, file)).getInterfaceOrThrow(typeName).getType();
  const path = JSON.stringify(join(repository, file));
  const writer = new LiteralWriter(`import type { ${typeName} } from ${path};\nexport const value: ${typeName} = `);
  writer.write(type, "");
  const literal = project.createSourceFile(join(repository, "literal.ts"), `${writer.text};\n`);
  const service = project.getLanguageService().compilerObject;
  return writer.fields.map(({ position, ...field }) => {
    const info = service.getQuickInfoAtPosition(literal.getFilePath(), position);
    const byDefault = info?.tags?.find(({ name }) => name === "default");
    return {
      ...field,
      documentation: ts.displayPartsToString(info?.documentation),
      defaultText: byDefault && ts.displayPartsToString(byDefault.text),
    };
  });
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
