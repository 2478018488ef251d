import { Lock } from "lucide-react";
import { type ReactNode, Suspense } from "react";
import { Redirect, useParams } from "wouter";
import { ApiError } from "@/api/client";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { ErrorState } from "@/parts/ErrorState";
import { Space } from "@/shell/Space";
import { TabLinks } from "@/ui/Tabs";
import { CONSOLE_PAGES, mayHave } from "./pages";

/** The Console: who runs the server sees what it does. Tabs of pages, each loaded when it is asked for. */
export default function ConsolePage() {
  const t = useT();
  const { role } = useSession();
  const { page } = useParams<{ page?: string }>();
  const seen = CONSOLE_PAGES.filter(({ from }) => mayHave(role, from));
  const entry = CONSOLE_PAGES.find(({ segment }) => segment === page);
  if (!entry) return <Redirect to={`/console/${seen[0]?.segment ?? "overview"}`} replace />;
  const { page: Page, from, name, segment } = entry;
  const links = seen.map((other) => ({ path: `/console/${other.segment}`, name: t(other.name), here: other === entry }));
  return (
    <Space title={`${t(name)} · ${t("space.console")}`} bar={<TabLinks label={t("space.console")} links={links} />}>
      {mayHave(role, from) ? (
        <Suspense fallback={null}>
          <Page key={segment} />
        </Suspense>
      ) : (
        <NotForYou />
      )}
    </Space>
  );
}

type FrameProps = { title: string; actions?: ReactNode; children: ReactNode };

/** What every page of the Console stands in: its name, what can be done with it, its content. */
export function ConsoleFrame({ title, actions, children }: FrameProps) {
  return (
    <div className="mx-auto flex w-full max-w-[90rem] min-w-0 flex-col gap-6 p-4 text-sm md:p-6">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
        <h1 className="text-lg font-semibold">{title}</h1>
        {actions && <div className="flex min-w-0 flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

/** What could not be loaded: kindly where it is not for this person, else with a way on. */
export function ConsoleError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const refused = error instanceof ApiError && (error.status === 403 || error.code === "missing_scopes");
  return refused ? <NotForYou /> : <ErrorState error={error} onRetry={onRetry} />;
}

function NotForYou() {
  const t = useT();
  const { role } = useSession();
  return (
    <EmptyState title={t("console.notForYou")} icon={<Lock aria-hidden />}>
      {t("console.notForYouWhy", { role: t(`role.${role}`) })}
    </EmptyState>
  );
}
