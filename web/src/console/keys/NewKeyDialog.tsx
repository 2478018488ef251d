import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { SelectField, TextField } from "@/ui/Field";
import { type Secret, useKeyActs } from "./keys";

const DAY = 86_400;
const ENDS = [0, 1, 7, 30, 90, 365] as const; // days; 0 = never
const SCOPES = ["all", "read-only", "model.request"] as const;

type NewKeyProps = { project: string; onClose: () => void; onMade: (secret: Secret) => void };

/** A key: whose, what for, until when. */
export function NewKeyDialog({ project, onClose, onMade }: NewKeyProps) {
  const t = useT();
  const told = useErrorText();
  const { create, createAccount } = useKeyActs(project);
  const [name, setName] = useState("");
  const [whose, setWhose] = useState<"mine" | "account">("mine");
  const [scope, setScope] = useState<(typeof SCOPES)[number]>("all");
  const [days, setDays] = useState(90);
  const act = whose === "account" ? createAccount : create;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const ends = days ? { expires_in_seconds: days * DAY } : {};
    act.mutate(project && whose === "mine" ? { name, scopes: [scope], ...ends } : { name, ...ends }, { onSuccess: onMade });
  };
  return (
    <Dialog open onClose={onClose} title={t("keyring.new")}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField label={t("keyring.name")} required value={name} onChange={(event) => setName(event.target.value)} hint={t("keyring.nameHint")} autoComplete="off" />
        {project && (
          <SelectField label={t("keyring.owner")} value={whose} onChange={(event) => setWhose(event.target.value === "account" ? "account" : "mine")} hint={t(whose === "account" ? "keyring.accountHint" : "keyring.mineHint")}>
            <option value="mine">{t("keyring.mine")}</option>
            <option value="account">{t("keyring.account")}</option>
          </SelectField>
        )}
        {project && whose === "mine" && (
          <SelectField label={t("keyring.scope")} value={scope} onChange={(event) => setScope(SCOPES.find((one) => one === event.target.value) ?? "all")}>
            <option value="all">{t("keyring.scopeAll")}</option>
            <option value="read-only">{t("keyring.scopeRead")}</option>
            <option value="model.request">{t("keyring.scopeModels")}</option>
          </SelectField>
        )}
        <SelectField label={t("keyring.expires")} value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {ENDS.map((end) => (
            <option key={end} value={end}>
              {end ? t.count("keyring.inDays", end) : t("keyring.never")}
            </option>
          ))}
        </SelectField>
        {act.error && (
          <p role="alert" className="text-bad">
            {told(act.error)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" busy={act.isPending}>
            {t("keyring.create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
