import { useT } from "@/i18n";
import { useFormats } from "../formats";
import type { Run } from "./runs";

type Stretch = { name: string; from: number; to: number; colour: string };

/** Where the time of a call went: in the gateway, until the first token, until the end. */
export function Timeline({ run }: { run: Run }) {
  const t = useT();
  const { time } = useFormats();
  const total = Math.max(1, run.total_ms);
  const asked = run.asked_ms ?? 0;
  const first = run.first_token_ms;
  const stretches: Stretch[] = [
    { name: t("console.inGateway"), from: 0, to: run.asked_ms === null ? total : asked, colour: "var(--series-6)" },
    ...(run.asked_ms === null ? [] : [{ name: t("console.untilFirst"), from: asked, to: first ?? total, colour: "var(--series-2)" }]),
    ...(first === null ? [] : [{ name: t(run.stream ? "console.untilEnd" : "console.sending"), from: first, to: total, colour: "var(--series-1)" }]),
  ];
  const speed = first !== null && run.stream && run.output_tokens > 1 && total > first ? ((run.output_tokens - 1) / (total - first)) * 1000 : null;
  return (
    <section className="flex flex-col gap-3">
      <h2 className="font-semibold">{t("console.timings")}</h2>
      <ol className="flex flex-col gap-2">
        {stretches.map(({ name, from, to, colour }) => (
          <li key={name} className="grid grid-cols-[minmax(0,11rem)_minmax(0,1fr)_5rem] items-center gap-3 max-sm:grid-cols-[minmax(0,1fr)_5rem]">
            <span className="text-quiet">{name}</span>
            <svg aria-hidden viewBox="0 0 100 8" preserveAspectRatio="none" className="h-3 w-full rounded-sm bg-side max-sm:order-3 max-sm:col-span-2">
              <rect x={(from / total) * 100} width={Math.max(0.4, ((to - from) / total) * 100)} height={8} fill={colour} />
            </svg>
            <span className="text-end tabular-nums">{time(Math.max(0, to - from))}</span>
          </li>
        ))}
      </ol>
      <p className="text-quiet">
        {t("console.inAll", { time: time(run.total_ms) })}
        {speed !== null && ` · ${t("run.perSecond", { count: Math.round(speed) })}`}
      </p>
    </section>
  );
}
