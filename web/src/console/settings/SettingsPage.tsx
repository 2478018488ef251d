import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { AllSettings } from "./AllSettings";
import { ChangeForm } from "./ChangeForm";
import { useSettings } from "./settings";

const KEPT = ["chats", "temporary", "stored", "pictures", "runs", "sums", "ledger", "audit"] as const;

/** What is set in this house and where: some of it is changed here, while it runs. */
export default function SettingsPage() {
  const t = useT();
  const { role } = useSession();
  const { data, error, refetch } = useSettings();
  return (
    <ConsoleFrame title={t("console.settings")}>
      {error && !data ? (
        <ConsoleError error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <>
          <div className="grid min-w-0 gap-8 lg:grid-cols-2">
            <ChangeForm key={JSON.stringify(data.data)} settings={data.data} mayChange={role === "owner"} />
            <section className="flex min-w-0 flex-col gap-3">
              <h2 className="font-semibold">{t("house.kept")}</h2>
              <dl className="grid min-w-0 grid-cols-[minmax(0,1fr)_minmax(0,1.4fr)] gap-x-6 gap-y-2 rounded-md border border-line p-4">
                {KEPT.map((what) => (
                  <div key={what} className="contents">
                    <dt className="text-quiet">{t(`house.kept.${what}`)}</dt>
                    <dd>{t(`house.keptFor.${what}`)}</dd>
                  </div>
                ))}
              </dl>
              <p className="max-w-read text-quiet">{t("house.persons")}</p>
              <p className="max-w-read text-quiet">{t("house.backups")}</p>
            </section>
          </div>
          <AllSettings settings={data.data} />
        </>
      ) : (
        <Skeleton className="h-64" />
      )}
    </ConsoleFrame>
  );
}
