import { useEffect, useState } from "react";
import { useT } from "@/i18n";
import { useErrorText } from "@/parts/ErrorState";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { Skeleton } from "@/ui/Skeleton";
import { Slider } from "@/ui/Slider";
import { Pick } from "../Choice";
import { decimalOf } from "./percent";
import { type Levers, useScenario, type WholeAgreement } from "./settlement";
import { SideBySide } from "./SideBySide";

const PERCENTS = [
  { name: "price", max: 300, fallback: 100 },
  { name: "volume", max: 500, fallback: 100 },
  { name: "cost", max: 300, fallback: 100 },
] as const;
const WAIT_MS = 250; // a slider that is moved asks once it rests

type Moved = Record<"price" | "volume" | "cost" | "years" | "growth" | "share", string>;
const NOTHING: Moved = { price: "", volume: "", cost: "", years: "", growth: "", share: "" };

/** What if prices, volume, costs or a share were others: computed by the server, beside what was booked. */
export function WhatIf({ agreement, through }: { agreement: WholeAgreement; through: string }) {
  const t = useT();
  const told = useErrorText();
  const [moved, setMoved] = useState(NOTHING);
  const [tranche, setTranche] = useState(agreement.tranches[0]?.name ?? "");
  const shares = agreement.tranches.find((one) => one.name === tranche)?.shares ?? {};
  const [chosen, setParty] = useState("");
  const party = chosen in shares ? chosen : (Object.keys(shares)[0] ?? "");
  const [assumptions, setAssumptions] = useState<Record<string, string>>({});
  const fallback = Number.parseFloat(shares[party]?.percent ?? "0");
  const levers: Levers = {
    through,
    price: decimalOf(moved.price || "100"),
    volume: decimalOf(moved.volume || "100"),
    cost: decimalOf(moved.cost || "100"),
    growth: decimalOf(moved.growth || "0"),
    years: Number.parseInt(moved.years || "0", 10) || 0,
    share: moved.share ? { tranche, party, share: decimalOf(moved.share) } : null,
    assumptions: Object.fromEntries(Object.entries(assumptions).filter(([, value]) => value.trim())),
  };
  const { data, error } = useScenario(agreement.id, useRested(levers));
  const set = (name: keyof Moved) => (value: string) => setMoved({ ...moved, [name]: value });
  const touched = Object.values(moved).some(Boolean) || Object.keys(levers.assumptions).length > 0;
  return (
    <section aria-label={t("settlement.whatIf")} className="flex min-w-0 flex-col gap-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div>
          <h2 className="text-base font-semibold">{t("settlement.whatIf")}</h2>
          <p className="max-w-read text-quiet">{t("settlement.whatIfWhy")}</p>
        </div>
        <Button className="h-8" disabled={!touched} onClick={() => { setMoved(NOTHING); setAssumptions({}); }}>
          {t("settlement.asBooked")}
        </Button>
      </div>
      <div className="grid min-w-0 gap-8 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          {PERCENTS.map(({ name, max, fallback: usual }) => (
            <Slider key={name} label={t(`settlement.lever.${name}`)} hint={t(`settlement.leverWhy.${name}`)} value={moved[name]} onChange={set(name)} min={0} max={max} step={1} fallback={usual} resetLabel={t("settlement.reset")} />
          ))}
          <fieldset className="flex min-w-0 flex-col gap-2">
            <legend className="sr-only">{t("settlement.lever.share")}</legend>
            <div className="flex flex-wrap gap-2">
              <Pick label={t("settlement.in")} value={tranche} onChange={(next) => { setTranche(next); setMoved({ ...moved, share: "" }); }} options={agreement.tranches.map(({ name }) => ({ value: name, name }))} />
              <Pick
                label={t("settlement.for")}
                value={party}
                onChange={(next) => { setParty(next); setMoved({ ...moved, share: "" }); }}
                options={agreement.parties.filter(({ id }) => id in shares).map(({ id, name }) => ({ value: id, name }))}
              />
            </div>
            <Slider label={t("settlement.lever.share")} hint={t("settlement.leverWhy.share")} value={moved.share} onChange={set("share")} min={0} max={100} step={1} fallback={fallback} resetLabel={t("settlement.reset")} />
          </fieldset>
          <Slider label={t("settlement.lever.years")} hint={t("settlement.leverWhy.years")} value={moved.years} onChange={set("years")} min={0} max={30} step={1} fallback={0} resetLabel={t("settlement.reset")} />
          <Slider label={t("settlement.lever.growth")} value={moved.growth} onChange={set("growth")} min={-50} max={100} step={1} fallback={0} resetLabel={t("settlement.reset")} />
          {Object.entries(agreement.assumptions).map(([name, value]) => (
            <TextField key={name} label={name} placeholder={value} inputMode="decimal" autoComplete="off" value={assumptions[name] ?? ""} onChange={(event) => setAssumptions({ ...assumptions, [name]: event.target.value })} />
          ))}
        </div>
        <div className="order-first flex min-w-0 flex-col gap-3 lg:order-none">
          {error && (
            <p role="alert" className="text-bad">
              {told(error)}
            </p>
          )}
          {data ? <SideBySide scenario={data} touched={touched} /> : !error && <Skeleton className="h-64" />}
        </div>
      </div>
    </section>
  );
}

/** What was last asked for a moment ago, so that a moving slider does not ask at each step. */
function useRested(levers: Levers): Levers {
  const text = JSON.stringify(levers);
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), WAIT_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return JSON.parse(rested) as Levers;
}
