/** The API's errors by field, as rjsf shows them: `{"config.hours.0.opens": "…"}` → at that field. */
import { type ErrorSchema, type RJSFSchema, toErrorSchema } from "@rjsf/utils";
import type { Values } from "./schema";

export interface PlacedErrors {
  atFields: ErrorSchema<Values>;
  /** Of what the form does not show. */
  elsewhere: string[];
}

export function placeErrors(schema: RJSFSchema, fields: Readonly<Record<string, string>>): PlacedErrors {
  const placed = Object.entries(fields).map(([field, message]) => {
    const [below, ...path] = field.split(".");
    return { path: below === "config" ? shownPath(schema, path) : [], message };
  });
  const atFields = placed
    .filter(({ path }) => path.length > 0)
    .map(({ path, message }) => ({ property: `.${path.join(".")}`, message, stack: message, name: "api" }));
  return {
    atFields: toErrorSchema<Values>(atFields),
    elsewhere: placed.filter(({ path }) => path.length === 0).map(({ message }) => message),
  };
}

/** As far as there are fields: pydantic also names the type that it tried in a union. */
function shownPath(schema: RJSFSchema, path: string[]): string[] {
  const shown: string[] = [];
  let node: RJSFSchema | undefined = schema;
  for (const step of path) {
    if (node.$ref) node = schema.$defs?.[node.$ref.replace("#/$defs/", "")] as RJSFSchema | undefined;
    const next: unknown = node?.properties?.[step] ?? (/^\d+$/.test(step) ? node?.items : undefined);
    if (typeof next !== "object" || next === null) break;
    shown.push(step);
    node = next as RJSFSchema;
  }
  return shown;
}
