/** How rjsf's containers look: objects, lists and alternatives. Fields draw themselves (`widgets.tsx`). */
import type {
  ArrayFieldItemTemplateProps,
  ArrayFieldTemplateProps,
  FieldTemplateProps,
  MultiSchemaFieldTemplateProps,
  ObjectFieldTemplateProps,
  RJSFSchema,
  TemplatesType,
} from "@rjsf/utils";
import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { useText } from "@/texts/TextProvider";
import { Button, IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import type { FormContext } from "./context";
import styles from "./form.module.css";
import type { Values } from "./schema";
import { InputTemplate } from "./widgets";

function FieldTemplate({ children, hidden }: FieldTemplateProps<Values, RJSFSchema, FormContext>) {
  return <div hidden={hidden}>{children}</div>;
}

function ObjectTemplate({ title, description, properties, fieldPathId, schema }: ObjectFieldTemplateProps<Values, RJSFSchema, FormContext>) {
  const fields = properties.map(({ content }) => content);
  // The form itself, and an entry of a list: both are named by what is around them.
  if (fieldPathId.path.length === 0) return <div className={styles["fields"]}>{fields}</div>;
  if (typeof fieldPathId.path.at(-1) === "number") return <div className={styles["row"]}>{fields}</div>;
  return (
    <fieldset className={styles["group"]}>
      <legend>{title}</legend>
      {(description || schema.description) && <p className={styles["hint"]}>{description || schema.description}</p>}
      <div className={styles["fields"]}>{fields}</div>
    </fieldset>
  );
}

function ArrayTemplate(props: ArrayFieldTemplateProps<Values, RJSFSchema, FormContext>) {
  const { title, schema, items, canAdd, onAddClick, rawErrors, disabled, readonly } = props;
  const t = useText();
  return (
    <fieldset className={styles["group"]}>
      <legend>{title}</legend>
      {schema.description && <p className={styles["hint"]}>{schema.description}</p>}
      {items.length > 0 && <ol className={styles["items"]}>{items}</ol>}
      {rawErrors && rawErrors.length > 0 && (
        <p role="alert" className={styles["error"]}>
          {rawErrors.join(" ")}
        </p>
      )}
      {canAdd && !disabled && !readonly && (
        <Button onClick={onAddClick}>
          <Plus aria-hidden />
          {t("form.add", { list: title })}
        </Button>
      )}
    </fieldset>
  );
}

function ItemTemplate({ children, buttonsProps, index, hasToolbar, schema }: ArrayFieldItemTemplateProps<Values, RJSFSchema, FormContext>) {
  const t = useText();
  const { hasMoveUp, hasMoveDown, hasRemove, onMoveUpItem, onMoveDownItem, onRemoveItem } = buttonsProps;
  const position = { number: index + 1 };
  return (
    <li className={cx(styles["item"], schema.type !== "object" && styles["single"])}>
      <div className={styles["content"]}>{children}</div>
      {hasToolbar && (
        <div className={styles["tools"]}>
          {(hasMoveUp || hasMoveDown) && (
            <>
              <IconButton label={t("form.up", position)} disabled={!hasMoveUp} onClick={onMoveUpItem}>
                <ArrowUp aria-hidden />
              </IconButton>
              <IconButton label={t("form.down", position)} disabled={!hasMoveDown} onClick={onMoveDownItem}>
                <ArrowDown aria-hidden />
              </IconButton>
            </>
          )}
          {hasRemove && (
            <IconButton label={t("form.removeItem", position)} onClick={onRemoveItem}>
              <Trash2 aria-hidden />
            </IconButton>
          )}
        </div>
      )}
    </li>
  );
}

function AlternativesTemplate({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps<Values, RJSFSchema, FormContext>) {
  return (
    <div className={styles["fields"]}>
      {selector}
      {optionSchemaField}
    </div>
  );
}

export const templates: Partial<TemplatesType<Values, RJSFSchema, FormContext>> = {
  FieldTemplate,
  ObjectFieldTemplate: ObjectTemplate,
  ArrayFieldTemplate: ArrayTemplate,
  ArrayFieldItemTemplate: ItemTemplate,
  MultiSchemaFieldTemplate: AlternativesTemplate,
  BaseInputTemplate: InputTemplate,
};
