import type { ServiceApp } from "./app.ts";

type Document = ReturnType<ServiceApp["getOpenAPI31Document"]>;

const documents = new WeakMap<ServiceApp, Document>();

/** The OpenAPI document of an application, made from its routes when somebody asks for it first. */
export function documentOf(app: ServiceApp): Document {
  let document = documents.get(app);
  if (document === undefined) {
    document = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "Sweeps",
        version: "1",
        description:
          "Sweeps in the place of their results: what is done, failed and missing, and submitting new ones. Every answer that is no success is a Problem.",
      },
    });
    documents.set(app, document);
  }
  return document;
}
