import { Bookmark, BookmarkPlus, Download, Trash2, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useT } from "@/i18n";
import { toast } from "@/shell/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { Menu, MenuGroup, MenuItem, MenuLine } from "@/ui/Menu";
import type { Bench } from "./bench";
import { exported, forgetPreset, importPresets, keepPreset, LONGEST_NAME, type Preset, presetNamed, usePresets } from "./presets";
import { saveFile } from "./saveFile";

type PresetsMenuProps = {
  bench: Bench;
  chosen: string | null;
  onChoose: (preset: Preset) => void;
  onKeep: (name: string) => void;
  onForget: () => void;
};

/** Benches with names: kept here, chosen, forgotten, taken to another browser. */
export function PresetsMenu({ bench, chosen, onChoose, onKeep, onForget }: PresetsMenuProps) {
  const t = useT();
  const presets = usePresets();
  const chooser = useRef<HTMLInputElement>(null);
  const [naming, setNaming] = useState(false);

  const read = async (file: File | undefined) => {
    if (!file) return;
    try {
      toast({ text: t.count("play.preset.imported", importPresets(await file.text())) });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      toast({ text: t("play.preset.bad", { name: file.name }), bad: true });
    }
  };
  const forget = (name: string) => {
    const gone = presetNamed(name);
    forgetPreset(name);
    onForget();
    if (gone) toast({ text: t("play.preset.forgotten", { name }), undo: () => keepPreset(gone) });
  };
  const trigger = (
    <Button>
      <Bookmark aria-hidden className="size-4" />
      <span className="max-w-48 truncate">{presetNamed(chosen)?.name ?? t("play.presets")}</span>
    </Button>
  );
  return (
    <>
      <Menu trigger={trigger} align="end">
        {presets.length > 0 && (
          <MenuGroup label={t("play.presets")}>
            {presets.map((preset) => (
              <MenuItem key={preset.name} checked={preset.name === chosen} onClick={() => onChoose(preset)}>
                {preset.name}
                <span className="block text-xs text-quiet">{t(`play.tab.${preset.bench.tab}`)}</span>
              </MenuItem>
            ))}
          </MenuGroup>
        )}
        {presets.length > 0 && <MenuLine />}
        <MenuItem icon={<BookmarkPlus aria-hidden />} onClick={() => setNaming(true)}>
          {t("play.preset.keep")}
        </MenuItem>
        {presetNamed(chosen) && (
          <MenuItem icon={<Trash2 aria-hidden />} danger onClick={() => forget(chosen ?? "")}>
            {t("play.preset.forget", { name: chosen ?? "" })}
          </MenuItem>
        )}
        <MenuItem icon={<Upload aria-hidden />} onClick={() => chooser.current?.click()}>
          {t("play.preset.import")}
        </MenuItem>
        {presets.length > 0 && (
          <MenuItem icon={<Download aria-hidden />} onClick={() => saveFile("pleiade-presets.json", exported())}>
            {t("play.preset.export")}
          </MenuItem>
        )}
      </Menu>
      <input
        ref={chooser}
        type="file"
        accept=".json,application/json"
        hidden
        onChange={(event) => {
          void read(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      {naming && (
        <NameDialog
          name={chosen ?? ""}
          onClose={() => setNaming(false)}
          onName={(name) => {
            keepPreset({ name, bench });
            setNaming(false);
            onKeep(name);
            toast({ text: t("play.preset.kept", { name }) });
          }}
        />
      )}
    </>
  );
}

function NameDialog({ name: before, onName, onClose }: { name: string; onName: (name: string) => void; onClose: () => void }) {
  const t = useT();
  const [name, setName] = useState(before);
  const [tried, setTried] = useState(false);
  const taken = name.trim() !== before && presetNamed(name.trim()) !== null;
  return (
    <Dialog open onClose={onClose} title={t("play.preset.keep")}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) onName(name.trim());
          else setTried(true);
        }}
      >
        <TextField
          label={t("play.preset.name")}
          hint={taken ? t("play.preset.taken") : t("play.preset.where")}
          error={tried && !name.trim() ? t("play.preset.nameMissing") : undefined}
          maxLength={LONGEST_NAME}
          dir="auto"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="flex justify-end">
          <Button look="primary" type="submit">
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
