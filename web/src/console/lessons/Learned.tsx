import { useT } from "@/i18n";
import { Facts } from "../Facts";
import { useFormats } from "../formats";
import { FileLink } from "../jobs/JobHead";
import type { Lesson } from "./lessons";
import { useWhy } from "./words";

/** What a lesson learned from, what it left out and why, and what it took out of it. */
export function Learned({ data }: { data: NonNullable<Lesson["data"]> }) {
  const t = useT();
  const told = useWhy();
  const { number } = useFormats();
  const counted = (found: Record<string, number>) => Object.entries(found).map(([name, count]) => [name, number(count)] as const);
  return (
    <section className="flex flex-col gap-2">
      <h2 className="font-semibold">{t("lessons.learned")}</h2>
      <Facts
        facts={[
          [t("lessons.examples"), number(data.examples)],
          [t("lessons.heldBack"), number(data.held_back)],
          ...counted(data.left_out).map(([why, count]) => [t("lessons.leftOut", { why: told(why) }), count] as const),
          ...counted(data.redacted).map(([kind, count]) => [t("lessons.redacted", { kind }), count] as const),
          [t("lessons.file"), data.training_file && <FileLink id={data.training_file} name={t("lessons.open")} />],
          [t("lessons.gateFile"), data.gate_file && <FileLink id={data.gate_file} name={t("lessons.open")} />],
        ]}
      />
    </section>
  );
}
