import { useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { Deployment } from "./deployments";

const LOOKS: Record<Deployment["state"], string> = {
  ready: "bg-good",
  starting: "bg-warn",
  draining: "bg-warn",
  failed: "bg-bad",
  stopped: "bg-line-strong",
};

/** How a deployment fares, in a word and a dot; being drained goes before a ready engine. */
export function Health({ deployment: { state, drained } }: { deployment: Deployment }) {
  const t = useT();
  const quiet = drained && state === "ready";
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", quiet ? "bg-warn" : LOOKS[state])} />
      {quiet ? t("deploy.state.drained") : t(`deploy.state.${state}`)}
    </span>
  );
}
