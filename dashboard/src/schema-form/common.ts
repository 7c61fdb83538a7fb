import type { RJSFSchema, WidgetProps } from "@rjsf/utils";
import type { FormContext } from "./context";
import type { Values } from "./schema";

export type Props = WidgetProps<Values, RJSFSchema, FormContext>;

/** Label, hint, error and state, as every field of ours takes them. */
export function common({ id, label, schema, rawErrors, required, disabled, readonly, options }: Props) {
  return {
    name: id, // by which a field with an error is found to be focused
    label: label || String(schema.title ?? ""),
    hint: (options["description"] as string | undefined) ?? schema.description,
    error: rawErrors?.length ? rawErrors.join(" ") : undefined,
    required: Boolean(required),
    disabled: Boolean(disabled) || Boolean(readonly),
  };
}
