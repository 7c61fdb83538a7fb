"use client";
/** A form drawn from a JSON Schema. Large, so it is loaded when one is shown. */
// The package's index bundles ajv.
import Form from "@rjsf/core/lib/components/Form.js";
import { englishStringTranslator, getDefaultFormState, type RJSFSchema, type RJSFValidationError, TranslatableString, type UiSchema } from "@rjsf/utils";
import { type ReactNode, useMemo, useRef } from "react";
import type { AgentTool } from "@/data/tools";
import { useText } from "@/texts/TextProvider";
import type { FormContext } from "./context";
import { placeErrors } from "./errors";
import styles from "./form.module.css";
import { formSchema, knownValues, type Values } from "./schema";
import { templates } from "./templates";
import { createValidator } from "./validator";
import { widgets } from "./widgets";

export interface SchemaFormProps {
  schema: RJSFSchema;
  /** Hints of the catalogue. */
  uiSchema: UiSchema<Values>;
  secrets: AgentTool["secrets"];
  /** As entered; before that, as `useStoredValues` makes them. */
  values: Values;
  /** The API's, by field. */
  errors: Readonly<Record<string, string>>;
  disabled: boolean;
  onEnter: (values: Values) => void;
  onSubmit: (values: Values) => void;
  /** Buttons. */
  children: ReactNode;
}

export default function SchemaForm(props: SchemaFormProps) {
  const { schema, uiSchema, secrets, values, errors, disabled, onEnter, onSubmit, children } = props;
  const t = useText();
  const frame = useRef<HTMLDivElement>(null);
  const validator = useMemo(() => createValidator(t), [t]);
  const prepared = useMemo(() => formSchema(schema, Object.keys(secrets).filter((name) => secrets[name]?.set)), [schema, secrets]);
  const hints = useMemo(() => withRemovable(uiSchema, schema, secrets), [uiSchema, schema, secrets]);
  const placed = useMemo(() => placeErrors(prepared, errors), [prepared, errors]);
  const context = useMemo<FormContext>(() => ({ secrets }), [secrets]);
  const focus = (error: RJSFValidationError) => {
    const name = ["root", ...(error.property ?? "").split(".").filter(Boolean)].join("_");
    frame.current?.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`)?.focus();
  };
  return (
    <div ref={frame}>
      <Form<Values, RJSFSchema, FormContext>
        className={styles["form"] ?? ""}
        schema={prepared}
        uiSchema={hints}
        validator={validator}
        formData={values}
        formContext={context}
        extraErrors={placed.atFields}
        widgets={widgets}
        templates={templates}
        disabled={disabled}
        noHtml5Validate
        showErrorList={false}
        focusOnFirstError={focus}
        onError={() => undefined} // told at the fields; without it rjsf writes to the console
        translateString={(text, parameters) =>
          text === TranslatableString.OptionPrefix || text === TranslatableString.TitleOptionPrefix
            ? t("form.alternative", { number: Number(parameters?.at(-1)) })
            : englishStringTranslator(text, parameters)
        }
        // A field that somebody has emptied stays empty; `useStoredValues` has the presets.
        experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults" }}
        onChange={({ formData }) => onEnter(formData ?? {})}
        onSubmit={({ formData }) => onSubmit(formData ?? {})}
      >
        {placed.elsewhere.map((message) => (
          <p key={message} role="alert" className={styles["error"]}>
            {message}
          </p>
        ))}
        {children}
      </Form>
    </div>
  );
}

/** What is stored, as its form begins: with what the schema presets. */
export function useStoredValues(schema: RJSFSchema): (config: Values) => Values {
  const t = useText();
  return useMemo(() => {
    const validator = createValidator(t);
    const prepared = formSchema(schema, []);
    return (config) => (getDefaultFormState(validator, prepared, knownValues(prepared, config), prepared) ?? {}) as Values;
  }, [schema, t]);
}

/** A secret that the tool can do without may be taken away. */
function withRemovable(uiSchema: UiSchema<Values>, schema: RJSFSchema, secrets: AgentTool["secrets"]): UiSchema<Values> {
  const optional = Object.keys(secrets).filter((name) => !schema.required?.includes(name));
  const hints = optional.map((name) => [name, { ...(uiSchema[name] as object), "ui:removable": true }]);
  return { ...uiSchema, ...Object.fromEntries(hints) };
}
