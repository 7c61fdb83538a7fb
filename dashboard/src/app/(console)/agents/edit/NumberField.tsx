import type { ComponentProps } from "react";
import { TextField } from "@/ui/form";

type NumberFieldProps = Omit<ComponentProps<typeof TextField>, "type" | "value" | "onChange"> & {
  value: number;
  /** NaN while the field is empty, which the browser does not submit. */
  onChange: (value: number) => void;
};

export function NumberField({ value, onChange, ...rest }: NumberFieldProps) {
  return (
    <TextField
      type="number"
      inputMode="decimal"
      required
      {...rest}
      value={Number.isNaN(value) ? "" : value}
      onChange={(event) => onChange(event.target.valueAsNumber)}
    />
  );
}
