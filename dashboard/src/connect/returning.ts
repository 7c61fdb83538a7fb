/** The way back of a tab that went to the provider itself, since no window could be opened. */
const KEY = "trunkline.connect-return";

export function rememberReturn(): void {
  sessionStorage.setItem(KEY, location.pathname + location.search);
}

/** Once; undefined: this tab did not leave from any page. */
export function takeReturn(): string | undefined {
  const path = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return path?.startsWith("/") && !path.startsWith("//") ? path : undefined;
}
