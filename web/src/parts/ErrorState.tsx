import { ApiError } from "@/api/client";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { EmptyState } from "./EmptyState";

/** Something could not be loaded: what the server said, and a way on. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const t = useT();
  return (
    <EmptyState title={t("error.title")} actions={<Button look="primary" onClick={onRetry}>{t("common.retry")}</Button>}>
      <p role="alert">{useErrorText()(error)}</p>
    </EmptyState>
  );
}

/** What an error says to a person; the server's own words where it has some (they tell what to do next). */
export function useErrorText(): (error: unknown) => string {
  const t = useT();
  return (error) => {
    if (error instanceof ApiError) return error.unreachable ? t("error.unreachable") : error.message;
    return t("error.unknown");
  };
}
