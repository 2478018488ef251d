import { FolderOpen } from "lucide-react";
import type { ReactNode } from "react";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { useAddress } from "../address";
import { Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { BudgetPart } from "./BudgetPart";
import { PermissionsPart } from "./PermissionsPart";
import { useEveryProject } from "./quotas";
import { RatesPart } from "./RatesPart";
import { Waiting } from "./Waiting";

/** What a project may use: its rates, its budget beside the organisation's, its models. */
export default function LimitsPage() {
  const t = useT();
  const { project: own, organization } = useSession();
  const [address, change] = useAddress(["project"]);
  const { data: projects, error, refetch } = useEveryProject();
  const id = address.project || own || projects?.[0]?.id || "";
  const project = projects?.find((one) => one.id === id);
  const options = projects?.map((one) => ({ value: one.id, name: one.name })) ?? [];
  if (id && !project) options.push({ value: id, name: id });
  const pick = projects && options.length > 1 && <Pick label={t("quotas.project")} value={id} onChange={(next) => change({ project: next })} options={options} />;
  return (
    <ConsoleFrame title={t("quotas.title")} actions={pick}>
      {!projects && error ? (
        <ConsoleError error={error} onRetry={() => void refetch()} />
      ) : !projects ? (
        <Waiting />
      ) : (
        <div className="flex flex-col gap-10">
          <Part title={t("quotas.budgets")} why={t("quotas.budgetsWhy")}>
            <div className="grid gap-4 lg:grid-cols-2">
              {project && <BudgetPart key={id} project={id} name={t("quotas.ofProject", { name: project.name })} />}
              <BudgetPart project="" name={t("quotas.ofOrganization", { name: organization.name })} />
            </div>
          </Part>
          {project ? (
            <>
              <Part title={t("quotas.rates")} why={t("quotas.ratesWhy")}>
                <RatesPart key={id} project={id} />
              </Part>
              <Part title={t("quotas.models")} why={t("quotas.modelsWhy")}>
                <PermissionsPart key={id} project={id} />
              </Part>
            </>
          ) : (
            <EmptyState title={t(id ? "quotas.unknownProject" : "quotas.noProject")} icon={<FolderOpen aria-hidden />}>
              {t(id ? "quotas.unknownProjectWhy" : "quotas.noProjectWhy")}
            </EmptyState>
          )}
        </div>
      )}
    </ConsoleFrame>
  );
}

function Part({ title, why, children }: { title: string; why: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-3">
      <div>
        <h2 className="text-base font-semibold">{title}</h2>
        <p className="max-w-read text-quiet">{why}</p>
      </div>
      {children}
    </section>
  );
}
