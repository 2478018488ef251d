import { useT } from "@/i18n";

const NAMED = ["fine-tune", "batch", "evals", "user_data", "batch_output", "fine-tune-results", "assistants", "vision"] as const;

/** What a purpose is called here; one that is not known keeps its own name. */
export function usePurposeName(): (purpose: string) => string {
  const t = useT();
  return (purpose) => {
    const known = NAMED.find((one) => one === purpose);
    return known ? t(`data.purpose.${known}`) : purpose;
  };
}

/** A size in the unit that suits it. */
export function useSize(): (bytes: number) => string {
  const t = useT();
  return (bytes) => {
    const step = bytes < 1000 ? 0 : bytes < 1e6 ? 1 : bytes < 1e9 ? 2 : 3;
    return t(`data.size.${(["b", "kb", "mb", "gb"] as const)[step] ?? "b"}`, { size: Number((bytes / 1000 ** step).toPrecision(3)) });
  };
}
