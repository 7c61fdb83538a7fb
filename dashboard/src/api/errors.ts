/** What can go wrong with a request, as one type: the only place that reads problem+json and statuses. */
import type { Schemas } from "./client";

export type Problem = Schemas["Problem"];

/** What is wrong with one value. */
export type FieldProblem = Omit<Schemas["FieldError"], "field">;

export type ErrorKind =
  | "offline" // nothing answered
  | "unauthenticated" // 401
  | "forbidden" // 403
  | "not_found" // 404
  | "conflict" // 409
  | "changed_meanwhile" // 412, 428: somebody else changed it
  | "invalid" // 422, 413
  | "too_many" // 429
  | "unavailable"; // 5xx and whatever else

export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly kind: ErrorKind,
    /** One sentence for a person, from the API; undefined when nothing answered. */
    readonly detail: string | undefined,
    /** Stays the same when the sentence is reworded, such as `already_exists`. */
    readonly code: string | undefined,
    /** By field, such as `hours.0.opens`. */
    readonly fields: Readonly<Record<string, FieldProblem>> = {},
    readonly retryAfterSeconds: number | undefined = undefined,
    /** Phone numbers that `detail` names. */
    readonly numbers: readonly string[] = [],
  ) {
    super(detail ?? kind);
  }

  /** Whether what is shown may not be what is there: it has changed, is gone, or may have been done although nobody said so. */
  get isOutdated(): boolean {
    return ["changed_meanwhile", "not_found", "conflict", "unavailable"].includes(this.kind);
  }

  /** Whether the same request may well succeed a little later. */
  get isPassing(): boolean {
    return this.kind === "offline" || this.kind === "unavailable" || this.kind === "too_many";
  }
}

const KINDS: Record<number, ErrorKind> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  412: "changed_meanwhile",
  413: "invalid",
  422: "invalid",
  428: "changed_meanwhile",
  429: "too_many",
};

export async function errorOf(response: Response): Promise<ApiError> {
  const problem = await readProblem(response);
  const fields = Object.fromEntries((problem?.errors ?? []).map(({ field, ...about }) => [field, about]));
  const retryAfter = Number(response.headers.get("Retry-After"));
  return new ApiError(
    KINDS[response.status] ?? "unavailable",
    problem?.detail,
    problem?.code,
    fields,
    retryAfter > 0 ? retryAfter : undefined,
    Array.isArray(problem?.["numbers"]) ? problem["numbers"].map(String) : [],
  );
}

export function offline(): ApiError {
  return new ApiError("offline", undefined, undefined);
}

/** Of whatever was thrown; what is not a request's error is a mistake of ours and keeps its message for the console. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError("unavailable", undefined, undefined);
}

async function readProblem(response: Response): Promise<Partial<Problem> | undefined> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? (body as Partial<Problem>) : undefined;
  } catch {
    return undefined; // a proxy's page, or nothing
  }
}
