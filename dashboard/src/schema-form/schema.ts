/** A tool's config schema, made ready for a form: what a person may leave out is left out, not null. */
import type { RJSFSchema } from "@rjsf/utils";

export type Values = Record<string, unknown>;
type Node = RJSFSchema;

/** `secrets` that have a value already need not be entered again. */
export function formSchema(schema: Node, secretsSet: readonly string[]): Node {
  const prepared = prepare(schema);
  const required = (prepared.required ?? []).filter((name) => !secretsSet.includes(name));
  const properties = { ...prepared.properties };
  for (const name of secretsSet) {
    const field = properties[name];
    if (typeof field === "object") properties[name] = { ...field, type: ["string", "null"] }; // null: to be removed
  }
  return { ...prepared, required, properties };
}

function prepare(node: Node): Node {
  const plain = withoutNull(node);
  const inside = (one: unknown) => (isNode(one) ? prepare(one) : one);
  const each = (all: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, inside(one)]));
  const result: Node = { ...plain };
  if (plain.properties) {
    result.properties = each(plain.properties) as NonNullable<Node["properties"]>;
    const insisted = Object.entries(result.properties).flatMap(([name, one]) => (isNode(one) && isInsisted(one) ? [name] : []));
    result.required = [...new Set([...(plain.required ?? []), ...insisted])];
  }
  if (plain.$defs) result.$defs = each(plain.$defs) as NonNullable<Node["$defs"]>;
  if (isNode(plain.items)) result.items = prepare(plain.items);
  if (isNode(plain.additionalProperties)) result.additionalProperties = prepare(plain.additionalProperties);
  for (const keyword of ["anyOf", "oneOf", "allOf"] as const) {
    const options = plain[keyword];
    if (options) result[keyword] = options.map(inside) as NonNullable<Node["anyOf"]>;
  }
  if (plain.pattern !== undefined && !isPattern(plain.pattern)) delete result.pattern;
  return result;
}

/** “X or nothing”, as pydantic writes optional fields, is X that may be left empty. */
function withoutNull(node: Node): Node {
  const options = node.anyOf?.filter(isNode);
  if (!options?.some(({ type }) => type === "null")) return node;
  const { anyOf: _, default: preset, ...about } = node;
  const rest = options.filter(({ type }) => type !== "null");
  const kept = preset === null || preset === undefined ? about : { ...about, default: preset };
  return rest.length === 1 ? { ...rest[0], ...kept } : { ...kept, anyOf: rest };
}

/** A number or choice that has a value from the start has one in the end too. */
function isInsisted(node: Node): boolean {
  const chosen = node.enum !== undefined || node.oneOf !== undefined || node.type === "integer" || node.type === "number";
  return chosen && node.default !== undefined && node.default !== null;
}

/** Python's regular expressions are almost JavaScript's; the API checks the others. */
function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}

function isNode(one: unknown): one is Node {
  return typeof one === "object" && one !== null && !Array.isArray(one);
}

/** What was stored under names that the schema still knows. */
export function knownValues(schema: Node, stored: Values): Values {
  return Object.fromEntries(Object.entries(stored).filter(([name, value]) => name in (schema.properties ?? {}) && value !== null));
}

/** What to send: fields that were left empty are left out, but for lists that the schema does not have as “or nothing”. */
export function toSend(schema: Node, values: Values): Values {
  const mayBeNull = (name: string) => {
    const field = schema.properties?.[name];
    return isNode(field) && (field.anyOf ?? []).some((option) => isNode(option) && option.type === "null");
  };
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => value !== undefined && !(isEmpty(value) && mayBeNull(name))),
  );
}

/** With the schema's presets in place of what was left out. */
export function withPresets(schema: Node, values: Values): Values {
  const presets = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    isNode(field) && field.default !== undefined && field.default !== null ? [[name, field.default]] : [],
  );
  return { ...Object.fromEntries(presets), ...values };
}

/** The title that people know a field by. */
export function titleOf(schema: Node, name: string): string {
  const field = schema.properties?.[name];
  return (isNode(field) && field.title) || name;
}
