import { Check, Copy } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { useT } from "@/i18n";
import { IconButton } from "@/ui/Button";
import { useCopy } from "../useCopy";
import type { ColouredLine } from "./highlight";
import { languageOf } from "./languages";
import { slices } from "./slices";

const LONGEST_COLOURED = 60_000; // characters: more would keep the page busy for longer than anyone reads code with colours

type CodeBlockProps = { code: string; language: string; open: boolean };

/** Code, with its language and a way to take it along. Colours come once its fence is closed. */
export const CodeBlock = memo(function CodeBlock({ code, language, open }: CodeBlockProps) {
  const t = useT();
  const [copied, copy] = useCopy();
  const lines = useColours(code, language, open);
  return (
    <figure className="my-4 overflow-hidden rounded-md border border-line" dir="ltr" data-code>
      <figcaption className="flex h-9 items-center justify-between border-b border-line bg-side pr-1 pl-3 text-sm text-quiet">
        {language || t("code.plain")}
        <IconButton label={copied ? t("common.copied") : t("code.copy")} onClick={() => copy(code)}>
          {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
        </IconButton>
      </figcaption>
      <pre className="overflow-x-auto p-3 font-mono text-sm" tabIndex={0}>
        <code>{lines ? <Coloured lines={lines} /> : slices(code).map((slice, index) => <Plain key={index} text={slice} />)}</code>
      </pre>
    </figure>
  );
});

/** A part of code: while more comes, the parts before stay as they are. */
const Plain = memo(function Plain({ text }: { text: string }) {
  return <span className="block [content-visibility:auto] [contain-intrinsic-block-size:auto_20rem]">{text}</span>;
});

function Coloured({ lines }: { lines: readonly ColouredLine[] }) {
  return lines.map((line, index) => (
    <span key={index}>
      {line.map((part, place) => (
        <span key={place} style={part.colour ? { color: part.colour } : undefined}>
          {part.text}
        </span>
      ))}
      {index < lines.length - 1 && "\n"}
    </span>
  ));
}

function useColours(code: string, language: string, open: boolean): readonly ColouredLine[] | null {
  const [made, setMade] = useState<{ code: string; lines: readonly ColouredLine[] } | null>(null);
  const known = languageOf(language);
  const wanted = !open && known !== null && code.length <= LONGEST_COLOURED;
  useEffect(() => {
    if (!wanted || !known) return;
    let left = false;
    void import("./highlight").then(async ({ coloured }) => {
      const lines = await coloured(code, known);
      if (!left) setMade({ code, lines });
    });
    return () => {
      left = true;
    };
  }, [wanted, code, known]);
  return wanted && made?.code === code ? made.lines : null;
}
