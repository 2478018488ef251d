import { useQuery } from "@tanstack/react-query";
import { Download, RefreshCw } from "lucide-react";
import { api } from "@/api/client";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { FindingLine } from "./FindingLine";

export type Finding = { check: string; verdict: "ok" | "warning" | "wrong"; found: string; mend: string };
type Report = { ok: boolean; checks: Finding[] };

const WORST_FIRST: readonly Finding["verdict"][] = ["wrong", "warning", "ok"];

/** What is wrong with the installation, the worst first, and what to do about it: the checks of `pleiade doctor`. */
export default function DoctorPage() {
  const t = useT();
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ["doctor"],
    queryFn: ({ signal }) => api.get<Report>("/v1/organization/doctor", { signal }),
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    retry: false,
  });
  const amiss = data?.checks.filter(({ verdict }) => verdict !== "ok").length ?? 0;
  return (
    <ConsoleFrame
      title={t("console.doctor")}
      actions={
        <>
          <a href="/v1/organization/doctor/bundle" download className="inline-flex h-9 items-center gap-2 rounded-sm border border-line-strong bg-page px-3 font-medium hover:bg-hover coarse:h-11">
            <Download aria-hidden className="size-4" />
            {t("doctor.bundle")}
          </a>
          <Button look="primary" busy={isFetching} onClick={() => void refetch()}>
            <RefreshCw aria-hidden className="size-4" />
            {t("doctor.again")}
          </Button>
        </>
      }
    >
      {error && !data ? (
        <ConsoleError error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <p role="status" className="text-base">
            {!data ? t("doctor.looking") : amiss === 0 ? t("doctor.fine") : t.count("doctor.amiss", amiss)}
          </p>
          {data ? (
            WORST_FIRST.map((verdict) => <Part key={verdict} verdict={verdict} findings={data.checks.filter((one) => one.verdict === verdict)} />)
          ) : (
            <Skeleton className="h-64" />
          )}
          <p className="max-w-read text-quiet">{t("doctor.bundleWhy")}</p>
        </>
      )}
    </ConsoleFrame>
  );
}

function Part({ verdict, findings }: { verdict: Finding["verdict"]; findings: readonly Finding[] }) {
  const t = useT();
  if (findings.length === 0) return null;
  return (
    <section className="flex min-w-0 flex-col gap-2">
      <h2 className="font-semibold">{t(`doctor.verdict.${verdict}`)}</h2>
      <ul className="min-w-0 rounded-md border border-line">
        {findings.map((finding) => (
          <FindingLine key={finding.check} finding={finding} />
        ))}
      </ul>
    </section>
  );
}
