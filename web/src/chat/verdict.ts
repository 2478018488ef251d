import { type TextKey, useT } from "@/i18n";
import type { ContentFilter, Finding } from "./types";

const KINDS: Record<string, TextKey> = {
  hate: "verdict.hate",
  self_harm: "verdict.selfHarm",
  sexual: "verdict.sexual",
  violence: "verdict.violence",
  profanity: "verdict.profanity",
  jailbreak: "verdict.jailbreak",
  indirect_attack: "verdict.indirectAttack",
  personally_identifiable_information: "verdict.personalData",
  protected_material_text: "verdict.protectedText",
};
const SEVERITIES: Record<string, TextKey> = { low: "verdict.low", medium: "verdict.medium", high: "verdict.high" };

/** Says in words what filters found, only what blocked where `blocking`; "" for nothing. */
export function useVerdict(): (filters: readonly ContentFilter[] | null, blocking?: boolean) => string {
  const t = useT();
  const word = (kind: string, { severity, details }: Finding) => {
    if (details) return t("verdict.listed", { names: details.map((list) => list.id).join(", ") });
    const name = KINDS[kind] ? t(KINDS[kind]) : kind;
    return severity && SEVERITIES[severity] ? `${name} (${t(SEVERITIES[severity])})` : name;
  };
  return (filters, blocking = false) => {
    const all = (filters ?? []).flatMap((filter) => Object.entries(filter.content_filter_results ?? {}));
    const told = all.filter(([, found]) => (blocking ? found.filtered : isFound(found))).map(([kind, found]) => word(kind, found));
    return [...new Set(told)].join(", ");
  };
}

/** Whether the filter ended the answer itself. */
export function isEnded(filters: readonly ContentFilter[] | null): boolean {
  return (filters ?? []).some((filter) => filter.source_type === "completion" && filter.blocked);
}

/** Whether the filter could not look at all of it. */
export function isOut(filters: readonly ContentFilter[] | null): boolean {
  return (filters ?? []).some((filter) => filter.content_filter_result !== undefined);
}

function isFound({ filtered, severity, detected, details }: Finding): boolean {
  return filtered || detected === true || (severity !== undefined && severity !== "safe") || (details?.length ?? 0) > 0;
}
