import { useId } from "preact/hooks";
import { Choice } from "./elements.tsx";

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  readonly value?: string;
  readonly onValue?: (value: string) => void;
  readonly placeholder?: string;
  readonly isRequired?: boolean;
  /** Shows the digits on the keyboard of a phone. */
  readonly numeric?: boolean;
  /** Makes it a list to choose from. */
  readonly options?: readonly string[];
  /** Makes it an upload of a file with one of these endings. */
  readonly file?: string;
  readonly onFile?: (file: File | undefined) => void;
}

/** A value of a form, with its hint and its problem, both of which a screen reader reads with it. */
export function Field(props: FieldProps) {
  const { label, hint, problem, value, onValue, placeholder, isRequired, numeric, options, file, onFile } = props;
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const common = {
    id,
    ...(problem === undefined ? {} : { "aria-invalid": true }),
    ...(described === "" ? {} : { "aria-describedby": described }),
    ...(isRequired ? { required: true } : {}),
  };
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {options !== undefined ? (
        <select {...common} value={value} onChange={(event) => onValue?.(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      ) : file !== undefined ? (
        <input {...common} type="file" accept={file} onChange={(event) => onFile?.(event.currentTarget.files?.[0])} />
      ) : (
        <input
          {...common}
          value={value}
          placeholder={placeholder}
          {...(numeric ? { inputMode: "numeric" as const } : {})}
          autoComplete="off"
          spellcheck={false}
          onInput={(event) => onValue?.(event.currentTarget.value)}
        />
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {problem !== undefined && (
        <p id={`${id}-problem`} class="problem">
          {problem}
        </p>
      )}
    </div>
  );
}

/** A visible label above a row of radio buttons. */
export function RadioField<T extends string>(props: Parameters<typeof Choice<T>>[0]) {
  return (
    <div class="field radio-field">
      <span class="field-label" aria-hidden="true">
        {props.label}
      </span>
      <Choice {...props} />
    </div>
  );
}
