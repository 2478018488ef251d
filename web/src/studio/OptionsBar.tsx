import { ChevronDown, Dices, Lock, MinusCircle } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useT } from "@/i18n";
import { Menu, MenuGroup, MenuItem, MenuLine } from "@/ui/Menu";
import { usePainters } from "./deployments";
import { SIZES } from "./limits";
import { NegativeDialog } from "./NegativeDialog";
import { BACKGROUNDS, choose, COUNTS, OUTPUTS, QUALITIES, useOptions } from "./options";
import { SeedDialog } from "./SeedDialog";
import { SizeDialog } from "./SizeDialog";

type OptionsBarProps = {
  /** Whether there is a size to choose: a changed picture keeps its own. */
  shape?: boolean;
};

/** How the pictures shall be made: each choice is a button that says what is chosen. */
export function OptionsBar({ shape = false }: OptionsBarProps) {
  const t = useT();
  const options = useOptions();
  const { chosen } = usePainters();
  const [open, setOpen] = useState<"size" | "seed" | "negative" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      {shape && (
        <Choice name={t("studio.size")} value={options.size === "auto" ? t("studio.auto") : options.size.replace("x", " × ")}>
          {SIZES.map(({ name, width, height }) => (
            <MenuItem key={name} checked={options.size === `${width}x${height}`} onClick={() => choose({ size: `${width}x${height}` })}>
              {t(`studio.size.${name}`)}
              <span className="block text-xs text-quiet tabular-nums">
                {width} × {height}
              </span>
            </MenuItem>
          ))}
          <MenuItem checked={options.size === "auto"} onClick={() => choose({ size: "auto" })}>
            {t("studio.auto")}
          </MenuItem>
          <MenuLine />
          <MenuItem onClick={() => setOpen("size")}>{t("studio.size.own")}</MenuItem>
        </Choice>
      )}
      {chosen?.styles && chosen.styles.length > 0 && (
        <Choice name={t("studio.style")} value={options.style || t("studio.style.any")}>
          {["", ...chosen.styles].map((style) => (
            <MenuItem key={style} checked={options.style === style} onClick={() => choose({ style })}>
              {style || t("studio.style.any")}
            </MenuItem>
          ))}
        </Choice>
      )}
      <Choice name={t("studio.count")} value={t.count("studio.pictures", options.count)}>
        {COUNTS.map((count) => (
          <MenuItem key={count} checked={options.count === count} onClick={() => choose({ count })}>
            {t.count("studio.pictures", count)}
          </MenuItem>
        ))}
      </Choice>
      <Choice name={t("studio.quality")} value={t(`studio.quality.${options.quality}`)}>
        {QUALITIES.map((quality) => (
          <MenuItem key={quality} checked={options.quality === quality} onClick={() => choose({ quality })}>
            {t(`studio.quality.${quality}`)}
            <span className="block text-xs text-quiet">{t(`studio.quality.${quality}Why`)}</span>
          </MenuItem>
        ))}
      </Choice>
      <Choice name={t("studio.more")} value={options.negative || options.seed !== null ? t("studio.moreSet") : t("studio.more")}>
        <MenuItem icon={options.seed === null ? <Dices aria-hidden /> : <Lock aria-hidden />} onClick={() => setOpen("seed")}>
          {options.seed === null ? t("studio.seed.new") : t("studio.seed.locked", { seed: String(options.seed) })}
        </MenuItem>
        <MenuItem icon={<MinusCircle aria-hidden />} onClick={() => setOpen("negative")}>
          {t("studio.negative")}
          {options.negative && <span className="block max-w-56 truncate text-xs text-quiet">{options.negative}</span>}
        </MenuItem>
        <MenuLine />
        <MenuGroup label={t("studio.background")}>
          {BACKGROUNDS.map((background) => (
            <MenuItem key={background} checked={options.background === background} onClick={() => choose({ background })}>
              {t(`studio.background.${background}`)}
            </MenuItem>
          ))}
        </MenuGroup>
        <MenuLine />
        <MenuGroup label={t("studio.format")}>
          {OUTPUTS.map((format) => (
            <MenuItem key={format} checked={options.format === format} onClick={() => choose({ format })}>
              {t(`studio.format.${format}`)}
            </MenuItem>
          ))}
        </MenuGroup>
      </Choice>
      {shape && <SizeDialog open={open === "size"} onClose={close} />}
      <SeedDialog open={open === "seed"} onClose={close} />
      <NegativeDialog open={open === "negative"} onClose={close} />
    </>
  );
}

function Choice({ name, value, children }: { name: string; value: string; children: ReactNode }) {
  const label = name === value ? name : `${name}: ${value}`;
  return (
    <Menu
      side="top"
      trigger={
        <button type="button" aria-label={label} className="flex h-8 max-w-40 items-center gap-1 rounded-sm px-2 text-sm text-quiet hover:bg-hover hover:text-ink coarse:h-11">
          <span className="truncate">{value}</span>
          <ChevronDown aria-hidden className="size-3.5 shrink-0" />
        </button>
      }
    >
      {children}
    </Menu>
  );
}
