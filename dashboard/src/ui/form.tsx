"use client";
/** Form fields: label, hint and error belong together, and screen readers know it. */
import { Search } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import { useText } from "@/texts/TextProvider";
import { cx } from "./cx";
import styles from "./form.module.css";

interface About {
  label: string;
  hint?: string | undefined;
  /** What is wrong with the value, such as `fieldErrors(error, t)["name"]`. */
  error?: string | undefined;
}

interface ControlAttributes {
  id: string;
  className: string | undefined;
  "aria-invalid": true | undefined;
  "aria-describedby": string | undefined;
}

interface FieldProps extends About {
  required?: boolean | undefined;
  children: (attributes: ControlAttributes) => ReactNode;
}

/** For a control of your own; the ones below are made of it. */
export function Field({ label, hint, error, required, children }: FieldProps) {
  const t = useText();
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles["field"]}>
      <label htmlFor={id} className={styles["label"]}>
        {label} {!required && <span className={styles["optional"]}>({t("common.optional")})</span>}
      </label>
      {hint && (
        <span id={`${id}-hint`} className={styles["hint"]}>
          {hint}
        </span>
      )}
      {children({
        id,
        className: styles["input"],
        "aria-invalid": error ? true : undefined,
        "aria-describedby": described || undefined,
      })}
      {error && (
        <span id={`${id}-error`} className={styles["error"]}>
          {error}
        </span>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, ...rest }: About & ComponentProps<"input">) {
  return (
    <Field label={label} hint={hint} error={error} required={rest.required}>
      {(attributes) => <input type="text" {...rest} {...attributes} />}
    </Field>
  );
}

type PhoneFieldProps = Omit<ComponentProps<typeof TextField>, "type" | "onChange"> & {
  onChange: (number: string) => void;
};

/** A telephone number, with the country's code: what people write between its digits is left out. */
export function PhoneField({ onChange, ...rest }: PhoneFieldProps) {
  return <TextField {...rest} type="tel" onChange={({ target }) => onChange(target.value.replace(/[\s()/.-]/g, ""))} />;
}

export function TextArea({ label, hint, error, ...rest }: About & ComponentProps<"textarea">) {
  return (
    <Field label={label} hint={hint} error={error} required={rest.required}>
      {(attributes) => <textarea {...rest} {...attributes} />}
    </Field>
  );
}

interface ClockInputProps extends Omit<ComponentProps<"input">, "type" | "value" | "onChange"> {
  /** “HH:MM”, or "" for none. */
  value: string;
  onChange: (clock: string) => void;
  /** Midnight is the end of the day, 24:00, which the browser's own control cannot say. */
  endsDay?: boolean;
}

/** A time of day as the user's locale writes it. Stands in a `Field`, or has an `aria-label`. */
export function ClockInput({ value, onChange, endsDay = false, ...rest }: ClockInputProps) {
  return (
    <input
      {...rest}
      type="time"
      value={value === "24:00" ? "00:00" : value}
      onChange={({ target }) => onChange(endsDay && target.value === "00:00" ? "24:00" : target.value)}
    />
  );
}

/** Children are `<option>`s. */
export function Select({ label, hint, error, ...rest }: About & ComponentProps<"select">) {
  return (
    <Field label={label} hint={hint} error={error} required={rest.required ?? true}>
      {(attributes) => <select {...rest} {...attributes} />}
    </Field>
  );
}

export function Checkbox({ label, hint, error, ...rest }: About & Omit<ComponentProps<"input">, "type">) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles["check"]}>
      <input
        type="checkbox"
        id={id}
        {...rest}
        aria-describedby={described || undefined}
        aria-invalid={error ? true : undefined}
      />
      <div className={styles["field"]}>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <span id={`${id}-hint`} className={styles["hint"]}>
            {hint}
          </span>
        )}
        {error && (
          <span id={`${id}-error`} className={styles["error"]}>
            {error}
          </span>
        )}
      </div>
    </div>
  );
}

interface SearchFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

export function SearchField({ label, value, onChange }: SearchFieldProps) {
  return (
    <div className={styles["search"]} role="search">
      <Search aria-hidden />
      <input
        type="search"
        className={styles["input"]}
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

/** `onSubmit` without a reload. */
export function Form({ onSubmit, className, ...rest }: Omit<ComponentProps<"form">, "onSubmit"> & { onSubmit: () => void }) {
  return (
    <form
      noValidate={false}
      {...rest}
      className={cx(styles["form"], className)}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    />
  );
}
