import type { TextFunction } from "./TextProvider";

/** That a value breaks a rule, by the name that the API has for it; undefined: the catalogue does not know the rule. */
export function ruleText(rule: string | undefined, limit: number | null | undefined, t: TextFunction): string | undefined {
  switch (rule) {
    case "missing":
      return t("form.required");
    case "enum":
    case "literal_error":
      return t("form.choose");
    case "string_pattern_mismatch":
      return t("form.wrongForm");
    case "platform_number":
      return t("form.platformNumber");
    case "int_parsing":
    case "int_type":
    case "int_from_float":
    case "float_parsing":
    case "float_type":
      return t("form.number");
  }
  return typeof limit === "number" ? limitText(rule, limit, t) : undefined;
}

function limitText(rule: string | undefined, limit: number, t: TextFunction): string | undefined {
  const count = limit;
  switch (rule) {
    case "greater_than_equal":
      return t("form.minimum", { limit });
    case "greater_than":
      return t("form.above", { limit });
    case "less_than_equal":
      return t("form.maximum", { limit });
    case "less_than":
      return t("form.below", { limit });
    case "string_too_short":
      return count === 1 ? t("form.required") : t("form.minLength", { count });
    case "string_too_long":
      return t("form.maxLength", { count });
    case "too_short":
      return t("form.minItems", { count });
    case "too_long":
      return t("form.maxItems", { count });
    default:
      return undefined;
  }
}
