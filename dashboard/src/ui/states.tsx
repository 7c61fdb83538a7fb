"use client";
/** How a page looks while there is nothing to show: loading, empty, failed, not permitted, gone, offline. */
import { CircleAlert, CircleHelp, type LucideIcon, ShieldAlert, WifiOff } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";
import type { ApiError, FieldProblem } from "@/api/errors";
import { useTenant } from "@/data/tenant";
import { routes } from "@/routes";
import { en } from "@/texts/en";
import { ruleText } from "@/texts/ruleText";
import { type TextFunction, useText } from "@/texts/TextProvider";
import { Button, ButtonLink } from "./Button";
import { CardGrid } from "./layout";
import styles from "./states.module.css";
import { cx } from "./cx";

interface NoteProps {
  icon?: LucideIcon;
  title: string;
  text?: string | undefined;
  /** What to do next. */
  children?: ReactNode;
}

/** There is nothing here yet, and what to do about it. */
export function EmptyState({ icon: Icon = CircleHelp, title, text, children }: NoteProps) {
  return (
    <div className={styles["note"]}>
      <Icon aria-hidden />
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children && <div className={styles["actions"]}>{children}</div>}
    </div>
  );
}

/** Something failed; said aloud by screen readers. */
export function ErrorNote({ title, text, onRetry }: { title: string; text: string; onRetry?: () => void }) {
  const t = useText();
  return (
    <div role="alert">
      <EmptyState icon={CircleAlert} title={title} text={text}>
        {onRetry && <Button onClick={onRetry}>{t("common.retry")}</Button>}
      </EmptyState>
    </div>
  );
}

export function NoPermission() {
  const t = useText();
  const role = t(`common.${useTenant().role}`);
  return (
    <EmptyState icon={ShieldAlert} title={t("common.forbiddenTitle")} text={t("common.forbiddenText", { role })} />
  );
}

export function NotFound() {
  const t = useText();
  return (
    <EmptyState title={t("common.goneTitle")} text={t("common.goneText")}>
      <ButtonLink href={routes.home()}>{t("common.notFoundAction")}</ButtonLink>
    </EmptyState>
  );
}

type KnownProblem = Exclude<keyof typeof en.problems, "agent_has_numbers">;

const isKnown = (code: string | undefined): code is KnownProblem =>
  code !== undefined && code !== "agent_has_numbers" && Object.hasOwn(en.problems, code);

/** One sentence for a person: the catalogue's where it knows the code, else the API's own, else one for the kind. */
export function errorText(error: ApiError, t: TextFunction): string {
  if (isKnown(error.code)) return t(`problems.${error.code}`);
  const { numbers } = error;
  if (error.code === "agent_has_numbers" && numbers.length > 0) {
    return t("problems.agent_has_numbers", { count: numbers.length, numbers: numbers.join(", ") });
  }
  switch (error.kind) {
    case "offline":
      return t("common.errorOffline");
    case "unavailable":
      return t("common.errorUnavailable");
    case "too_many":
      return t("common.errorTooMany");
    case "unauthenticated":
      return t("common.errorUnauthenticated");
    case "changed_meanwhile":
      return t("common.changedMeanwhile");
    case "conflict":
      return error.detail ?? t("common.errorConflict");
    case "invalid":
      return error.detail ?? t("problems.invalid_fields");
    case "forbidden":
      return error.detail ?? t("common.forbiddenTitle");
    case "not_found":
      return error.detail ?? t("common.goneTitle");
  }
}

/** Field → what is wrong with it: in the catalogue's words where it knows the rule, else in the API's own. */
export function fieldErrors(error: ApiError | null, t: TextFunction): Record<string, string> {
  const text = ({ code, limit, message }: FieldProblem) => ruleText(code, limit, t) ?? message;
  return Object.fromEntries(Object.entries(error?.fields ?? {}).map(([field, problem]) => [field, text(problem)]));
}

/** A whole page's error. */
export function PageError({ error, onRetry }: { error: ApiError; onRetry: () => void }) {
  const t = useText();
  if (error.kind === "forbidden") return <NoPermission />;
  if (error.kind === "not_found") return <NotFound />;
  return <ErrorNote title={t("common.errorTitle")} text={errorText(error, t)} onRetry={onRetry} />;
}

/** An error inside a form or dialog. */
export function InlineError({ error }: { error: ApiError | null }) {
  const t = useText();
  if (!error) return null;
  return (
    <p role="alert" className={cx(styles["banner"], styles["problem"])}>
      {errorText(error, t)}
    </p>
  );
}

interface Loadable<T> {
  data: T | undefined;
  error: ApiError | null;
  refetch: () => unknown;
}

interface LoadedProps<T> {
  /** A result of `useRead` or `usePages`. */
  query: Loadable<T>;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Skeleton, error or content. Content that could not be refreshed stays, and says so. */
export function Loaded<T>({ query, skeleton = <CardsSkeleton />, children }: LoadedProps<T>) {
  const t = useText();
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    return query.error ? <PageError error={query.error} onRetry={retry} /> : skeleton;
  }
  return (
    <>
      {query.error && (
        <div role="status" className={styles["banner"]}>
          {t("common.refreshFailed")}
          <Button look="quiet" onClick={retry}>
            {t("common.retry")}
          </Button>
        </div>
      )}
      {children(query.data)}
    </>
  );
}

export function Skeleton({ shape }: { shape?: "tall" | "title" | "line" }) {
  return <span className={cx(styles["skeleton"], shape && styles[shape])} aria-hidden />;
}

function Waiting({ children }: { children: ReactNode }) {
  const t = useText();
  return (
    <div aria-busy="true">
      <p className="visually-hidden" role="status">
        {t("common.loading")}
      </p>
      {children}
    </div>
  );
}

export function CardsSkeleton() {
  const t = useText();
  return (
    <Waiting>
      <CardGrid label={t("common.loading")}>
        {[1, 2, 3].map((number) => (
          <li key={number}>
            <Skeleton shape="tall" />
          </li>
        ))}
      </CardGrid>
    </Waiting>
  );
}

export function RowsSkeleton() {
  return (
    <Waiting>
      <div className={styles["stack"]}>
        {[1, 2, 3, 4, 5].map((number) => (
          <Skeleton key={number} />
        ))}
      </div>
    </Waiting>
  );
}

/** Of a page that is a form. */
export function FormSkeleton() {
  return (
    <Waiting>
      <div className={styles["stack"]}>
        <Skeleton shape="title" />
        <Skeleton shape="tall" />
        <Skeleton shape="tall" />
      </div>
    </Waiting>
  );
}

/** Before anything is known, not even who looks. */
export function PageSkeleton() {
  return (
    <main className={styles["fullSkeleton"]}>
      <Waiting>
        <div className={styles["stack"]}>
          <Skeleton shape="title" />
          <Skeleton />
          <Skeleton shape="tall" />
        </div>
      </Waiting>
    </main>
  );
}

const subscribeToNetwork = (changed: () => void) => {
  window.addEventListener("online", changed);
  window.addEventListener("offline", changed);
  return () => {
    window.removeEventListener("online", changed);
    window.removeEventListener("offline", changed);
  };
};

export function OfflineBanner() {
  const t = useText();
  const online = useSyncExternalStore(
    subscribeToNetwork,
    () => navigator.onLine,
    () => true,
  );
  if (online) return null;
  return (
    <div role="status" className={styles["banner"]}>
      <WifiOff aria-hidden size={18} />
      {t("common.offlineBanner")}
    </div>
  );
}
