import { useT } from "@/i18n";
import { Button } from "@/ui/Button";
import { atLimit, grown, type Growth, grows, NO_GROWTH, preset, PRESETS, SIDES, withSide } from "./frame";
import { LIMITS, type Size } from "./limits";

type FrameToolsProps = { picture: Size; growth: Growth; onGrowth: (growth: Growth) => void };

/** How the picture shall grow: by name, or in numbers. */
export function FrameTools({ picture, growth, onGrowth }: FrameToolsProps) {
  const t = useT();
  const whole = grown(picture, growth);
  return (
    <div role="toolbar" aria-label={t("studio.frame")} className="flex shrink-0 flex-wrap items-center gap-x-1.5 gap-y-1 border-b border-line px-2 py-1.5">
      <div className="flex max-w-full gap-1.5 overflow-x-auto">
        {PRESETS.map((name) => (
          <Button key={name} className="h-8 px-2 text-sm" onClick={() => onGrowth(preset(picture, name))}>
            {t(`studio.preset.${name}`)}
          </Button>
        ))}
        <Button look="quiet" className="h-8 px-2 text-sm" disabled={!grows(growth)} onClick={() => onGrowth(NO_GROWTH)}>
          {t("studio.frame.reset")}
        </Button>
      </div>
      <div className="flex gap-2">
        {SIDES.map((side) => (
          <label key={side} className="flex flex-col text-sm text-quiet md:flex-row md:items-center md:gap-1.5">
            {t(`studio.side.${side}`)}
            <input
              type="number"
              inputMode="numeric"
              min={0}
              max={LIMITS.growth}
              step={16}
              value={growth[side]}
              onChange={(event) => onGrowth(withSide(picture, growth, side, event.target.valueAsNumber))}
              className="h-8 w-16 rounded-sm border border-control bg-page px-2 text-ink tabular-nums coarse:h-11"
            />
          </label>
        ))}
      </div>
      <p role="status" className="ml-auto px-2 text-sm text-quiet tabular-nums">
        {t("studio.frame.is", { width: String(whole.width), height: String(whole.height) })}
        {atLimit(picture, growth) && <span className="text-warn"> · {t("studio.frame.most", { most: String(LIMITS.grown) })}</span>}
      </p>
    </div>
  );
}
