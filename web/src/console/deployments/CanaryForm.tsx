import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { SelectField, TextField } from "@/ui/Field";
import { type Deployment, useDeploymentActs } from "./deployments";

/** Which share of the calls another deployment gets, to be tried before it takes all. */
export function CanaryForm({ deployment, all }: { deployment: Deployment; all: readonly Deployment[] }) {
  const t = useT();
  const told = useErrorText();
  const { change } = useDeploymentActs();
  const [canary, setCanary] = useState(deployment.canary?.deployment ?? "");
  const [percent, setPercent] = useState(String(deployment.canary?.percent ?? 5));
  const sameModel = ["embedding", "reward", "moderation"].includes(deployment.kind);
  const others = all.filter((one) => one.name !== deployment.name && one.kind === deployment.kind && !one.canary && (!sameModel || one.model === deployment.model));
  const save = (name: string, share: number) =>
    change.mutate({ name: deployment.name, canary: { deployment: name, percent: share } }, {
      onSuccess: () => toast({ text: name ? t("deploy.canaryNow", { percent: share, name }) : t("deploy.canaryGone") }),
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save(canary, Number(percent));
  };
  if (others.length === 0) return <p className="text-quiet">{t("deploy.canaryNobody")}</p>;
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-end gap-3">
        <SelectField label={t("deploy.canaryWho")} required value={canary} onChange={(event) => setCanary(event.target.value)} className="min-w-52">
          <option value="">{t("deploy.choose")}</option>
          {others.map(({ name, model }) => (
            <option key={name} value={name}>
              {name} ({model})
            </option>
          ))}
        </SelectField>
        <TextField label={t("deploy.percent")} type="number" min={0} max={100} step={1} required value={percent} onChange={(event) => setPercent(event.target.value)} className="w-28" />
        <Button type="submit" look="primary" busy={change.isPending}>
          {t("deploy.share")}
        </Button>
        {deployment.canary && (
          <Button onClick={() => { setCanary(""); save("", 0); }}>{t("deploy.canaryEnd")}</Button>
        )}
      </div>
      {change.error ? (
        <p role="alert" className="text-bad">
          {told(change.error)}
        </p>
      ) : (
        <p className="max-w-read text-quiet">{t("deploy.canaryHint")}</p>
      )}
    </form>
  );
}
