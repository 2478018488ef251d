import { Wrench } from "lucide-react";
import { useT } from "@/i18n";
import { CodeBlock } from "@/parts/markdown/CodeBlock";
import { CallBox } from "./CallBox";
import type { Call } from "./types";

/** A function that the model called: nobody here runs it, and that is said. */
export function FunctionCall({ call }: { call: Extract<Call, { type: "function_call" }> }) {
  const t = useT();
  return (
    <CallBox icon={<Wrench aria-hidden />} title={t("called.function", { name: call.name })} open>
      <h4 className="mt-2 text-sm text-quiet">{t("called.arguments")}</h4>
      <CodeBlock code={readable(call.arguments)} language="json" open={false} />
      <h4 className="text-sm text-quiet">{t("called.result")}</h4>
      <p className="mt-1">{t("called.nobody")}</p>
    </CallBox>
  );
}

/** JSON in lines; a half-written one as it came. */
function readable(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
