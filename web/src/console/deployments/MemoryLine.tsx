import { useDeferredValue } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { useFormats } from "../formats";
import { type OptionValue, usePlan } from "./deployments";

type MemoryLineProps = { model: string; engine: string; options: Record<string, OptionValue> };

/** What a deployment will want of the machine, before it is started. */
export function MemoryLine(props: MemoryLineProps) {
  const t = useT();
  const { bytes } = useFormats();
  const told = useErrorText();
  const { model, engine, options } = useDeferredValue(props);
  const { data, error } = usePlan(model, engine, options);
  if (error) return <p role="alert" className="text-bad">{told(error)}</p>;
  if (!data) return null;
  const needs = t("deploy.needs", { total: bytes(data.total_bytes), weights: bytes(data.weights_bytes), cache: bytes(data.cache_bytes) });
  if (data.available_bytes === null) return <p className="text-quiet">{needs}</p>;
  const left = { available: bytes(data.available_bytes) };
  return (
    <p role="status" className={data.fits === false ? "rounded-md bg-warn-wash px-3 py-2 text-warn" : "text-quiet"}>
      {needs} {data.fits === false ? t("deploy.tooLarge", left) : t("deploy.fits", left)}
    </p>
  );
}
