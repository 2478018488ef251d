import { Plus, X } from "lucide-react";
import { useT } from "@/i18n";
import { Button, IconButton } from "@/ui/Button";
import { TextArea } from "@/ui/TextArea";

const MOST = 16; // more would be a data set

type TextsEditorProps = { title: string; name: (count: number) => string; add: string; texts: readonly string[]; error: string | undefined; onChange: (texts: string[]) => void };

/** Several texts, one below the other. */
export function TextsEditor({ title, name, add, texts, error, onChange }: TextsEditorProps) {
  const t = useT();
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 font-medium">{title}</legend>
      {texts.map((text, index) => (
        <div key={index} className="flex items-start gap-1">
          <span aria-hidden className="w-5 pt-2.5 text-end text-quiet tabular-nums">
            {index + 1}
          </span>
          <div className="min-w-0 grow">
            <TextArea
              label={name(index + 1)}
              nameless
              rows={1}
              error={index === 0 ? error : undefined}
              value={text}
              onChange={(event) => onChange(texts.map((one, place) => (place === index ? event.target.value : one)))}
            />
          </div>
          <IconButton label={t("play.remove", { name: name(index + 1) })} className="mt-1" disabled={texts.length === 1} onClick={() => onChange(texts.filter((_, place) => place !== index))}>
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
      {texts.length < MOST && (
        <div className="pl-6">
          <Button look="quiet" onClick={() => onChange([...texts, ""])}>
            <Plus aria-hidden className="size-4" />
            {add}
          </Button>
        </div>
      )}
    </fieldset>
  );
}
