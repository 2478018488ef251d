import { ArrowLeft, Download, Hourglass } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useT } from "@/i18n";
import { EmptyState } from "@/parts/EmptyState";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Menu, MenuItem } from "@/ui/Menu";
import { Skeleton } from "@/ui/Skeleton";
import { useAddress } from "../address";
import { useAmounts } from "../amounts";
import { Pick } from "../Choice";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { AgreementDialog } from "./AgreementDialog";
import { CloseDialog } from "./CloseDialog";
import { monthsOf } from "./months";
import { Notes } from "./Notes";
import { PeriodsTable } from "./PeriodsTable";
import { ProfitWaterfall } from "./ProfitWaterfall";
import { FILES, fileOf, type Settlement, useAgreement, useAgreementActs, useSettlement, type WholeAgreement } from "./settlement";
import { Sentences } from "./Sentences";
import { Terms } from "./Terms";
import { WhatIf } from "./WhatIf";

/** Who gets what by one agreement, and why. */
export function AgreementPage({ id }: { id: string }) {
  const t = useT();
  const { data: agreement, error, refetch } = useAgreement(id);
  return (
    <ConsoleFrame
      title={agreement?.name ?? t("settlement.agreement")}
      actions={
        <>
          <Link href="/console/settlement" className="inline-flex h-8 items-center gap-1.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink coarse:h-11">
            <ArrowLeft aria-hidden className="size-4" />
            {t("settlement.all")}
          </Link>
          {agreement?.can_change && <HouseMenu agreement={agreement} />}
        </>
      }
    >
      {agreement ? <Known agreement={agreement} /> : error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}
    </ConsoleFrame>
  );
}

function HouseMenu({ agreement }: { agreement: WholeAgreement }) {
  const t = useT();
  const told = useErrorText();
  const [, go] = useLocation();
  const [changing, setChanging] = useState(false);
  const { forget } = useAgreementActs();
  const remove = () =>
    forget.mutate(agreement.id, {
      onSuccess: () => {
        toast({ text: t("settlement.forgotten", { name: agreement.name }) });
        go("/console/settlement");
      },
      onError: (error) => toast({ text: told(error), bad: true }),
    });
  return (
    <>
      <Menu align="end" trigger={<Button className="h-8">{t("settlement.agreement")}</Button>}>
        <MenuItem onClick={() => setChanging(true)}>{t("settlement.change")}</MenuItem>
        {!agreement.months.closed && (
          <MenuItem danger onClick={remove}>
            {t("settlement.forget")}
          </MenuItem>
        )}
      </Menu>
      {changing && <AgreementDialog agreement={agreement} onClose={() => setChanging(false)} />}
    </>
  );
}

function Known({ agreement }: { agreement: WholeAgreement }) {
  const t = useT();
  const { period } = useAmounts();
  const [address, change] = useAddress(["through", "period"]);
  const [closing, setClosing] = useState(false);
  const { first, last, closed } = agreement.months;
  const months = agreement.can_change && first ? monthsOf(closed || first, last < first ? first : last) : [];
  const through = months.includes(address.through) ? address.through : "";
  const { data: made, error, refetch } = useSettlement(agreement.id, through);
  const shown = made?.periods.find((one) => one.period === address.period);
  const fresh = (made?.new_periods.length ?? 0) > 0;
  return (
    <>
      {made && made.periods.length > 0 && (
        <div className="flex flex-wrap items-center gap-2">
          {months.length > 1 && (
            <Pick
              label={t("settlement.through")}
              value={through || (made.periods.at(-1)?.period ?? "")}
              onChange={(next) => change({ through: next, period: "" })}
              options={months.map((month) => ({ value: month, name: period(month) }))}
            />
          )}
          <Pick
            label={t("settlement.shown")}
            value={shown?.period ?? ""}
            onChange={(next) => change({ period: next })}
            options={[{ value: "", name: t("settlement.allPeriods") }, ...made.periods.map((one) => ({ value: one.period, name: period(one.period) })).reverse()]}
          />
          <Menu
            trigger={
              <Button className="h-8">
                <Download aria-hidden className="size-4" />
                {t("invoices.download")}
              </Button>
            }
          >
            {FILES.map((format) => (
              <MenuItem key={format} onClick={() => Object.assign(document.createElement("a"), { href: fileOf(agreement.id, through, format), download: "" }).click()}>
                {t(`settlement.file.${format}`)}
              </MenuItem>
            ))}
          </Menu>
          {agreement.can_change && (
            <Button look="primary" className="h-8" disabled={!fresh} onClick={() => setClosing(true)}>
              {t("settlement.close")}
            </Button>
          )}
        </div>
      )}
      {made ? (
        <Divided agreement={agreement} made={made} periodShown={shown?.period ?? ""} through={through} />
      ) : error ? (
        <ConsoleError error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton className="h-64" />
      )}
      <Terms agreement={agreement} />
      {closing && made && <CloseDialog agreement={agreement} made={made} onClose={() => setClosing(false)} />}
    </>
  );
}

type DividedProps = { agreement: WholeAgreement; made: Settlement; periodShown: string; through: string };

function Divided({ agreement, made, periodShown, through }: DividedProps) {
  const t = useT();
  if (made.periods.length === 0) {
    return (
      <div className="flex min-h-60 rounded-md border border-line">
        <EmptyState title={t(agreement.can_change ? "settlement.nothing" : "settlement.nothingClosed")} icon={<Hourglass aria-hidden />}>
          {t(agreement.can_change ? "settlement.nothingWhy" : "settlement.nothingClosedWhy", { currency: agreement.currency })}
        </EmptyState>
      </div>
    );
  }
  return (
    <>
      <Notes made={made} />
      <div className="grid min-w-0 gap-8 xl:grid-cols-2">
        <ProfitWaterfall made={made} period={periodShown} />
        <Sentences agreement={agreement} made={made} period={periodShown} />
      </div>
      <PeriodsTable made={made} />
      {agreement.can_change && <WhatIf agreement={agreement} through={through} />}
    </>
  );
}
