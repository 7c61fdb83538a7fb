/**
 * rjsf's validator over @cfworker/json-schema, which interprets schemas: ajv compiles them to code, and the
 * Content-Security-Policy lets no code be made.
 */
import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import {
  createErrorHandler,
  type CustomValidator,
  type ErrorTransformer,
  getDefaultFormState,
  type RJSFSchema,
  type RJSFValidationError,
  toErrorSchema,
  type UiSchema,
  unwrapErrorHandler,
  type ValidationData,
  validationDataMerge,
  type ValidatorType,
} from "@rjsf/utils";
import { ruleText } from "@/texts/ruleText";
import type { TextFunction } from "@/texts/TextProvider";
import type { Values } from "./schema";

const DRAFT = "2020-12";
/** They only say that something inside is wrong, which is said there. */
const CONTAINERS = new Set(["properties", "items", "prefixItems", "allOf", "anyOf", "oneOf", "$ref", "if", "additionalProperties"]);

export type FormValidator = ValidatorType<Values, RJSFSchema>;

export function createValidator(t: TextFunction): FormValidator {
  const errorsOf = (schema: RJSFSchema, data: unknown): RJSFValidationError[] => {
    const result = run(schema, data, false);
    const telling = result.errors.filter(({ keyword }) => !CONTAINERS.has(keyword));
    // Alone, such an error has nobody inside to say it.
    const shown = telling.length > 0 ? telling : result.errors;
    return shown.map((unit) => {
      const path = pathOf(unit);
      const message = messageOf(unit, limitOf(schema, unit.keywordLocation), t);
      return { name: unit.keyword, property: `.${path.join(".")}`, message, stack: message, schemaPath: unit.keywordLocation };
    });
  };
  const validator: FormValidator = {
    isValid: (schema, data, root) => run({ ...schema, $defs: root.$defs ?? {} }, data, true).valid,
    rawValidation: (schema, data) => ({ errors: errorsOf(schema, data) as never[] }),
    validateFormData(
      data: Values | undefined,
      schema: RJSFSchema,
      customValidate?: CustomValidator<Values>,
      transformErrors?: ErrorTransformer<Values>,
      uiSchema?: UiSchema<Values>,
    ): ValidationData<Values> {
      const found = errorsOf(schema, data);
      const errors = transformErrors ? transformErrors(found, uiSchema) : found;
      const plain = { errors, errorSchema: toErrorSchema<Values>(errors) };
      if (!customValidate) return plain;
      const complete = getDefaultFormState(validator, schema, data, schema, true) as Values;
      const handler = customValidate(complete, createErrorHandler<Values>(complete), uiSchema, plain.errorSchema);
      return validationDataMerge<Values>(plain, unwrapErrorHandler<Values>(handler));
    },
  };
  return validator;
}

function run(schema: RJSFSchema, data: unknown, stopEarly: boolean) {
  // As JSON: what is undefined is not there.
  const instance: unknown = data === undefined ? {} : JSON.parse(JSON.stringify(data));
  return new Validator(schema as Schema, DRAFT, stopEarly).validate(instance);
}

function pathOf({ instanceLocation, keyword, error }: OutputUnit): string[] {
  const path = tokens(instanceLocation);
  const missing = keyword === "required" ? /required property "([^"]+)"/.exec(error)?.[1] : undefined;
  return missing === undefined ? path : [...path, missing];
}

const tokens = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((one) => decodeURIComponent(one).replace(/~1/g, "/").replace(/~0/g, "~"));

/** The keyword's own value, such as the 5 of `minimum: 5`; references on the way are followed. */
function limitOf(schema: RJSFSchema, location: string): unknown {
  const step = (node: unknown, name: string): unknown => {
    if (name === "$ref") return tokens(String((node as RJSFSchema).$ref)).reduce(step, schema);
    return (node as Record<string, unknown> | undefined)?.[name];
  };
  return tokens(location).reduce<unknown>(step, schema);
}

/** Keyword → the API's name of the rule. */
const RULES: Record<string, string> = {
  required: "missing",
  minimum: "greater_than_equal",
  exclusiveMinimum: "greater_than",
  maximum: "less_than_equal",
  exclusiveMaximum: "less_than",
  minLength: "string_too_short",
  maxLength: "string_too_long",
  minItems: "too_short",
  maxItems: "too_long",
  enum: "enum",
  const: "literal_error",
};

function messageOf({ keyword }: OutputUnit, limit: unknown, t: TextFunction): string {
  if (keyword === "uniqueItems") return t("form.uniqueItems");
  return ruleText(RULES[keyword], typeof limit === "number" ? limit : undefined, t) ?? t("form.wrongForm");
}
