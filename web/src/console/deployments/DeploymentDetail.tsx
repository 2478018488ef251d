import { ArrowLeft } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { ConsoleFrame } from "../ConsolePage";
import { useFormats } from "../formats";
import { CanaryForm } from "./CanaryForm";
import { DeleteDialog } from "./DeleteDialog";
import { type Deployment, useDeploymentActs } from "./deployments";
import { EditForm } from "./EditForm";
import { Health } from "./Health";
import { Versions } from "./Versions";

/** All that is known of a deployment, and all that can be done about it. */
export function DeploymentDetail({ deployment, all }: { deployment: Deployment; all: readonly Deployment[] }) {
  const t = useT();
  const told = useErrorText();
  const [, go] = useLocation();
  const { number, moment } = useFormats();
  const { change, restart } = useDeploymentActs();
  const [deleting, setDeleting] = useState(false);
  const { name, drained, state, detail, canary_of: senders } = deployment;
  const bad = (error: unknown) => toast({ text: told(error), bad: true });
  const drain = (next: boolean) =>
    change.mutate({ name, drained: next }, {
      onError: bad,
      onSuccess: () => toast({ text: t(next ? "deploy.drainedNow" : "deploy.resumedNow", { name }), undo: () => change.mutate({ name, drained: !next }) }),
    });
  const { tokens_per_minute: tokens, requests_per_minute: requests } = deployment.capacity;
  const facts: [string, ReactNode][] = [
    [t("deploy.model"), `${deployment.model} · ${t("deploy.versionShort", { version: deployment.version })}`],
    [t("deploy.engine"), deployment.engine],
    [t("deploy.atOnce"), deployment.concurrency === null ? "–" : number(deployment.concurrency)],
    [t("deploy.context"), deployment.context_length === null ? "–" : number(deployment.context_length)],
    [t("deploy.tokensPerMinute"), tokens === null ? t("deploy.unlimited") : number(tokens)],
    [t("deploy.requestsPerMinute"), requests === null ? t("deploy.unlimited") : number(requests)],
    [t("deploy.aliases"), deployment.aliases.join(", ") || "–"],
    [t("deploy.since"), moment(deployment.created_at)],
  ];
  const actions = (
    <>
      <Button onClick={() => drain(!drained)} busy={change.isPending}>
        {t(drained ? "deploy.resume" : "deploy.drain")}
      </Button>
      <Button onClick={() => restart.mutate(name, { onError: bad, onSuccess: () => toast({ text: t("deploy.restarting", { name }) }) })} busy={restart.isPending}>
        {t("deploy.restart")}
      </Button>
      <Button look="danger" onClick={() => setDeleting(true)}>
        {t("deploy.delete")}
      </Button>
    </>
  );
  return (
    <ConsoleFrame title={name} actions={actions}>
      <div className="-mt-3 flex flex-wrap items-center gap-4">
        <Link href="/console/deployments" className="inline-flex items-center gap-1 text-quiet underline-offset-4 hover:text-ink hover:underline">
          <ArrowLeft aria-hidden className="size-4" />
          {t("deploy.title")}
        </Link>
        <Health deployment={deployment} />
      </div>
      {detail && (
        <div role="alert" className="rounded-md bg-bad-wash p-3">
          <p className="font-medium text-bad">{t(state === "failed" ? "deploy.failedWhy" : "deploy.changeFailed")}</p>
          <pre className="mt-2 max-h-60 overflow-auto font-mono text-xs whitespace-pre-wrap">{detail}</pre>
          <p className="mt-2">{t("deploy.wayOut")}</p>
        </div>
      )}
      {drained && <p className="rounded-md bg-warn-wash px-3 py-2 text-warn">{t(deployment.canary ? "deploy.drainedTo" : "deploy.drainedAlone", { canary: deployment.canary?.deployment ?? "" })}</p>}
      {senders.length > 0 && <p className="text-quiet">{t("deploy.canaryOf", { names: senders.join(", ") })}</p>}
      <dl className="grid grid-cols-2 gap-x-6 gap-y-4 md:grid-cols-4">
        {facts.map(([word, value]) => (
          <div key={word} className="min-w-0">
            <dt className="text-quiet">{word}</dt>
            <dd className="mt-0.5 font-medium break-words tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      <Section title={t("deploy.canary")}>
        <CanaryForm deployment={deployment} all={all} />
      </Section>
      <Section title={t("deploy.change")}>
        <EditForm key={deployment.version} deployment={deployment} />
      </Section>
      <Section title={t("deploy.versions")}>
        <Versions deployment={deployment} />
      </Section>
      {deleting && <DeleteDialog name={name} onClose={() => setDeleting(false)} onGone={() => go("/console/deployments")} />}
    </ConsoleFrame>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-4 border-t border-line pt-5">
      <h2 className="text-base font-semibold">{title}</h2>
      {children}
    </section>
  );
}
