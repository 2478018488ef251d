import { ArrowLeft, Download } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useSession } from "@/api/session";
import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { Menu } from "@/ui/Menu";
import { Skeleton } from "@/ui/Skeleton";
import { isZero, useAmounts } from "../amounts";
import { ConsoleError, ConsoleFrame } from "../ConsolePage";
import { AdjustDialog } from "./AdjustDialog";
import { CreditDialog } from "./CreditDialog";
import { FileLine } from "./FileLine";
import { InvoiceFacts } from "./InvoiceFacts";
import { FILES, useInvoice, type WholeInvoice } from "./invoices";
import { IssueDialog } from "./IssueDialog";
import { Lines } from "./Lines";
import { Origins } from "./Origins";
import { PayDialog } from "./PayDialog";

/** One bill: who owes what to whom, its lines and where they come from, and what can be done with it. */
export function InvoicePage({ id }: { id: string }) {
  const t = useT();
  const { period } = useAmounts();
  const { data: invoice, error, refetch } = useInvoice(id);
  const title = !invoice
    ? t("invoices.single")
    : invoice.number
      ? t(invoice.kind === "invoice" ? "invoices.numbered" : "invoices.noteNumbered", { number: invoice.number })
      : t("invoices.draftOf", { month: period(invoice.period) });
  return (
    <ConsoleFrame
      title={title}
      actions={
        <>
          <Link href="/console/invoices" className="inline-flex h-8 items-center gap-1.5 rounded-sm px-2 text-quiet hover:bg-hover hover:text-ink coarse:h-11">
            <ArrowLeft aria-hidden className="size-4" />
            {t("invoices.allInvoices")}
          </Link>
          {invoice && <Files invoice={invoice} />}
        </>
      }
    >
      {invoice ? <Shown invoice={invoice} /> : error ? <ConsoleError error={error} onRetry={() => void refetch()} /> : <Skeleton className="h-64" />}
    </ConsoleFrame>
  );
}

function Files({ invoice }: { invoice: WholeInvoice }) {
  const t = useT();
  return (
    <Menu
      align="end"
      trigger={
        <Button className="h-8">
          <Download aria-hidden className="size-4" />
          {t("invoices.download")}
        </Button>
      }
    >
      {FILES.filter((format) => invoice.number || !["stripe", "lago"].includes(format)).map((format) => (
        <FileLine key={format} id={invoice.id} format={format} />
      ))}
    </Menu>
  );
}

function Shown({ invoice }: { invoice: WholeInvoice }) {
  const { organization } = useSession();
  return (
    <div className="grid min-w-0 gap-8 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="flex min-w-0 flex-col gap-8">
        <Lines invoice={invoice} />
        {invoice.kind === "invoice" && <Origins invoice={invoice} own={invoice.organization_id === organization.id} />}
      </div>
      <div className="flex min-w-0 flex-col gap-6 lg:order-last">
        {invoice.can_change && invoice.kind === "invoice" && <Acts invoice={invoice} />}
        <InvoiceFacts invoice={invoice} />
      </div>
    </div>
  );
}

type Act = "issue" | "adjust" | "pay" | "credit";

/** What an administrator of the house can do with it now. */
function Acts({ invoice }: { invoice: WholeInvoice }) {
  const t = useT();
  const [doing, setDoing] = useState<Act | null>(null);
  const close = () => setDoing(null);
  const over = invoice.period_end * 1000 <= Date.now();
  const acts: Act[] = invoice.status === "draft" ? ["issue", "adjust"] : [...(isZero(invoice.open) ? [] : (["pay"] as const)), ...(invoice.credited === invoice.total ? [] : (["credit"] as const))];
  return (
    <section aria-label={t("invoices.acts")} className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        {acts.map((act) => (
          <Button key={act} look={act === "issue" || act === "pay" ? "primary" : "plain"} disabled={act === "issue" && !over} onClick={() => setDoing(act)}>
            {t(`invoices.act.${act}`)}
          </Button>
        ))}
      </div>
      {invoice.status === "draft" && <p className="text-quiet">{t(over ? "invoices.draftIs" : "invoices.monthRuns")}</p>}
      {doing === "issue" && <IssueDialog invoice={invoice} onClose={close} />}
      {doing === "adjust" && <AdjustDialog invoice={invoice} onClose={close} />}
      {doing === "pay" && <PayDialog invoice={invoice} onClose={close} />}
      {doing === "credit" && <CreditDialog invoice={invoice} onClose={close} />}
    </section>
  );
}
