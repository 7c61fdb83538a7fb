/** rjsf's widgets, made of the dashboard's own fields. Each draws its label, hint and error itself. */
import type { BaseInputTemplateProps, EnumOptionsType, RegistryWidgetsType, RJSFSchema } from "@rjsf/utils";
import type { FocusEvent } from "react";
import { useLocale } from "@/texts/TextProvider";
import { WEEKDAYS, weekdayName } from "@/texts/weekdays";
import { Checkbox, ClockInput, Field, Select, TextArea, TextField } from "@/ui/form";
import { common, type Props } from "./common";
import type { FormContext } from "./context";
import type { Values } from "./schema";
import { SecretWidget } from "./SecretWidget";
import styles from "./form.module.css";

const textOf = (value: unknown): string => (value === undefined || value === null ? "" : String(value));
const orNothing = (text: string): string | undefined => (text === "" ? undefined : text);

/** All single-line inputs: rjsf's text, e-mail, address, date and number widgets end here. */
function InputTemplate(props: BaseInputTemplateProps<Values, RJSFSchema, FormContext>) {
  const { schema, value, onChange, type, placeholder, options } = props;
  const isInteger = schema.type === "integer";
  // A number input refuses the decimal comma in some browsers.
  const kind = isInteger ? "number" : schema.type === "number" ? "text" : (type ?? "text");
  const tidy = (event: FocusEvent<HTMLInputElement>) => {
    const trimmed = event.target.value.trim();
    if (trimmed !== event.target.value) onChange(orNothing(trimmed));
  };
  return (
    <TextField
      {...common(props)}
      type={kind}
      inputMode={schema.type === "number" ? "decimal" : undefined}
      min={isInteger ? schema.minimum : undefined}
      max={isInteger ? schema.maximum : undefined}
      maxLength={schema.maxLength}
      autoComplete={options.autocomplete ?? "off"}
      placeholder={placeholder}
      value={textOf(value)}
      onChange={(event) => onChange(orNothing(event.target.value))}
      onBlur={tidy}
    />
  );
}

function TextareaWidget(props: Props) {
  return (
    <TextArea
      {...common(props)}
      maxLength={props.schema.maxLength}
      value={textOf(props.value)}
      onChange={(event) => props.onChange(orNothing(event.target.value))}
    />
  );
}

function CheckboxWidget(props: Props) {
  const { required: _, ...about } = common(props);
  return <Checkbox {...about} checked={props.value === true} onChange={(event) => props.onChange(event.target.checked)} />;
}

function SelectWidget(props: Props) {
  if (props.multiple) return <CheckboxesWidget {...props} />;
  const choices = (props.options.enumOptions ?? []) as EnumOptionsType[];
  const chosen = choices.findIndex((choice) => choice.value === props.value);
  return (
    <Select
      {...common(props)}
      value={chosen}
      onChange={(event) => props.onChange(choices[Number(event.target.value)]?.value)}
    >
      {(chosen < 0 || !props.required) && <option value={-1} />}
      {choices.map((choice, index) => (
        <option key={index} value={index}>
          {choice.label}
        </option>
      ))}
    </Select>
  );
}

/** Several of a few. */
function CheckboxesWidget(props: Props) {
  const choices = (props.options.enumOptions ?? []) as EnumOptionsType[];
  const chosen = (props.value ?? []) as unknown[];
  const { label, hint, error, disabled } = common(props);
  const change = (value: unknown, on: boolean) =>
    props.onChange(choices.map((choice) => choice.value as unknown).filter((one) => (one === value ? on : chosen.includes(one))));
  return (
    <fieldset className={styles["group"]} disabled={disabled}>
      <legend>{label}</legend>
      {hint && <p className={styles["hint"]}>{hint}</p>}
      {choices.map((choice, index) => (
        <Checkbox
          key={index}
          label={choice.label}
          checked={chosen.includes(choice.value)}
          onChange={(event) => change(choice.value, event.target.checked)}
        />
      ))}
      {error && <p className={styles["error"]}>{error}</p>}
    </fieldset>
  );
}

function WeekdayWidget(props: Props) {
  const locale = useLocale();
  return (
    <Select
      {...common(props)}
      hint={undefined}
      value={props.value === undefined ? "" : String(props.value)}
      onChange={(event) => props.onChange(orNothing(event.target.value))}
    >
      {props.value === undefined && <option value="" />}
      {WEEKDAYS.map((day) => (
        <option key={day} value={day}>
          {weekdayName(day, locale)}
        </option>
      ))}
    </Select>
  );
}

/** Where the schema lets 24:00 in, midnight is the day's end. */
function ClockWidget(props: Props) {
  const { name, disabled, ...about } = common(props);
  return (
    <Field {...about}>
      {(attributes) => (
        <ClockInput
          {...attributes}
          name={name}
          disabled={disabled}
          endsDay={props.schema.pattern !== undefined && new RegExp(props.schema.pattern, "u").test("24:00")}
          value={textOf(props.value)}
          onChange={(clock) => props.onChange(orNothing(clock))}
        />
      )}
    </Field>
  );
}

export const widgets: RegistryWidgetsType<Values, RJSFSchema, FormContext> = {
  CheckboxWidget,
  CheckboxesWidget,
  PasswordWidget: SecretWidget,
  RadioWidget: SelectWidget,
  SelectWidget,
  TextareaWidget,
  weekday: WeekdayWidget,
  clock: ClockWidget,
};
export { InputTemplate };
