import { type FormEvent, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { useModels } from "@/parts/models";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { ConsoleError } from "../ConsolePage";
import { type Permissions, usePermissions, usePermissionsChange } from "./quotas";
import { Waiting } from "./Waiting";

const MODES = ["all", "allow_list", "deny_list"] as const;
type Mode = (typeof MODES)[number];

/** Which models a project may call: all, only some, all but some. */
export function PermissionsPart({ project }: { project: string }) {
  const { data: held, error, refetch } = usePermissions(project);
  const models = useModels();
  const again = () => {
    void refetch();
    void models.refetch();
  };
  if (held !== undefined && models.data) {
    // A list may name a deployment, an alias or a model, also one that is not served any more.
    const names = new Set([...models.data.data.flatMap(({ id, root }) => [id, root]), ...(held?.model_ids ?? [])]);
    return <PermissionsForm key={JSON.stringify(held)} project={project} held={held} names={[...names].sort()} />;
  }
  return error || models.error ? <ConsoleError error={error ?? models.error} onRetry={again} /> : <Waiting />;
}

type FormProps = { project: string; held: Permissions | null; names: readonly string[] };

function PermissionsForm({ project, held, names }: FormProps) {
  const t = useT();
  const told = useErrorText();
  const change = usePermissionsChange(project);
  const [mode, setMode] = useState<Mode>(held?.mode ?? "all");
  const [chosen, setChosen] = useState<readonly string[]>(held?.model_ids ?? []);
  const same = mode === (held?.mode ?? "all") && (mode === "all" || (chosen.length === held?.model_ids.length && chosen.every((name) => held.model_ids.includes(name))));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (same) return;
    const undo = () => void change.mutateAsync(held).catch((error: unknown) => toast({ text: told(error), bad: true }));
    change.mutate(mode === "all" ? null : { mode, model_ids: [...chosen] }, { onSuccess: () => toast({ text: t("quotas.modelsChanged"), undo }) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4 rounded-md border border-line p-4">
      <fieldset className="flex flex-col gap-1">
        <legend className="sr-only">{t("quotas.models")}</legend>
        {MODES.map((one) => (
          <label key={one} className="flex w-fit items-center gap-2.5 py-1 coarse:min-h-11">
            <input type="radio" name="mode" checked={mode === one} onChange={() => setMode(one)} className="size-4 accent-accent" />
            {t(`quotas.mode.${one}`)}
          </label>
        ))}
      </fieldset>
      {mode !== "all" && (
        <fieldset className="border-t border-line pt-4">
          <legend className="float-left mb-2 w-full font-medium">{t(`quotas.names.${mode}`)}</legend>
          <div className="clear-both grid gap-x-4 sm:grid-cols-2 lg:grid-cols-3">
            {names.map((name) => (
              <label key={name} className="flex min-w-0 items-center gap-2.5 py-1 coarse:min-h-11">
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={({ target }) => setChosen(target.checked ? [...chosen, name] : chosen.filter((other) => other !== name))}
                  className="size-4 shrink-0 accent-accent"
                />
                <span className="min-w-0 break-words">{name}</span>
              </label>
            ))}
          </div>
          {mode === "allow_list" && chosen.length === 0 && <p className="mt-2 text-warn">{t("quotas.nothingLeft")}</p>}
        </fieldset>
      )}
      {change.error && (
        <p role="alert" className="text-bad">
          {told(change.error)}
        </p>
      )}
      <div>
        <Button type="submit" look="primary" disabled={same} busy={change.isPending}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
