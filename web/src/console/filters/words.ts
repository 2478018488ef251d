import { useT } from "@/i18n";
import { ACTIONS, ATTACKS, HARMS, PROTECTED, RULES, STRICTNESSES } from "./filters";

const PRESETS = ["off", "standard", "strict", "lenient", "annotate", "rules", "own"] as const;

/** What presets are called here; one that is not known keeps its own name. */
export function usePresetName(): (preset: string) => string {
  const t = useT();
  return (preset) => {
    const known = PRESETS.find((one) => one === preset);
    return known ? t(`filters.preset.${known}`) : preset;
  };
}

/** What categories are called, as policies and as judgements name them. */
export function useCategoryName(): (category: string) => string {
  const t = useT();
  return (category) => {
    if (category === "personally_identifiable_information") return t("filters.category.personal_data");
    if (category === "protected_material_text") return t("filters.category.protected_text");
    if (category === "custom_blocklists") return t("filters.blocklists");
    const known = [...HARMS, ...RULES, ...ATTACKS, PROTECTED].find((one) => one === category);
    return known ? t(`filters.category.${known}`) : category;
  };
}

/** The choices of a row with severities, and of one without. */
export function useChoices() {
  const t = useT();
  return {
    strictnesses: STRICTNESSES.map((value) => ({ value, name: t(`filters.strictness.${value}`) })),
    actions: ACTIONS.map((value) => ({ value, name: t(`filters.action.${value}`) })),
  };
}
