import { useText } from "@/texts/TextProvider";
import { Select } from "@/ui/form";
import { timeZones } from "./languages";

interface TimeZoneFieldProps {
  hint?: string;
  value: string;
  onChange: (timeZone: string) => void;
  error?: string | undefined;
}

export function TimeZoneField({ hint, value, onChange, error }: TimeZoneFieldProps) {
  const t = useText();
  return (
    <Select
      label={t("agentFields.time_zone")}
      hint={hint}
      error={error}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {timeZones(value).map(([area, names]) => (
        <optgroup key={area} label={area || "UTC"}>
          {names.map((name) => (
            <option key={name} value={name}>
              {name.replaceAll("_", " ")}
            </option>
          ))}
        </optgroup>
      ))}
    </Select>
  );
}
