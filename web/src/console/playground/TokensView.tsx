import { type KeyboardEvent, useId, useState } from "react";
import { useLanguage, useT } from "@/i18n";
import { cx } from "@/ui/classes";
import type { Token } from "./made";

const STEPS = [1, 0.9, 0.7, 0.5, 0.3, 0.1] as const;

/**
 * A text as its tokens, the less likely the darker. What else might have stood there is shown for the token under the
 * mouse, the finger or the arrow keys; a table says the same in words.
 */
export function TokensView({ tokens }: { tokens: readonly Token[] }) {
  const t = useT();
  const id = useId();
  const [chosen, setChosen] = useState<number | null>(null);
  const shown = chosen === null ? null : tokens[chosen];
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = chosen ?? 0;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (to === undefined || to < 0 || to >= tokens.length) return;
    event.preventDefault();
    setChosen(to);
    event.currentTarget.querySelectorAll<HTMLElement>("[data-token]")[to]?.focus();
  };
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div role="group" aria-label={t("play.tokens")} aria-describedby={`${id}-how`} dir="auto" className="font-mono text-sm leading-6 break-words whitespace-pre-wrap" onKeyDown={onKeyDown}>
        {tokens.map((token, index) => (
          <TokenButton key={index} token={token} chosen={index === chosen} reachable={index === (chosen ?? 0)} onChoose={() => setChosen(index)} />
        ))}
      </div>
      <p id={`${id}-how`} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
        {t("play.tokensHow")}
        <span aria-hidden className="inline-flex items-center gap-1">
          {STEPS.map((step) => (
            <span key={step} className="rounded-sm border border-line px-1 text-ink tabular-nums" style={{ background: shade(step) }}>
              {step * 100} %
            </span>
          ))}
        </span>
      </p>
      {shown && <Alternatives token={shown} />}
      <details>
        <summary className="text-sm text-quiet">{t("play.tokensTable")}</summary>
        <TokensTable tokens={tokens} />
      </details>
    </div>
  );
}

function shade(probability: number): string | undefined {
  const doubt = Math.round((1 - probability) * 45);
  return doubt < 2 ? undefined : `color-mix(in oklab, var(--warn) ${doubt}%, transparent)`;
}

/** A token's signs that cannot be seen. */
function visible(text: string): string {
  return text.replaceAll("\n", "↵\n").replaceAll("\t", "→\t");
}

type TokenButtonProps = { token: Token; chosen: boolean; reachable: boolean; onChoose: () => void };

function TokenButton({ token, chosen, reachable, onChoose }: TokenButtonProps) {
  const t = useT();
  const probability = token.logprob === null ? 1 : Math.exp(token.logprob);
  return (
    <span
      data-token
      role="button"
      aria-label={t("play.tokenSaid", { text: token.text, percent: usePercent()(probability) })}
      aria-pressed={chosen}
      tabIndex={reachable ? 0 : -1}
      className={cx("cursor-pointer rounded-[3px] py-0.5 outline-offset-0", chosen && "outline-2 outline-accent")}
      style={{ background: shade(probability) }}
      onClick={onChoose}
      onFocus={onChoose}
      onPointerEnter={(event) => event.pointerType === "mouse" && onChoose()}
    >
      {visible(token.text)}
    </span>
  );
}

function usePercent(): (probability: number) => string {
  const format = new Intl.NumberFormat(useLanguage(), { style: "percent", maximumFractionDigits: 1 });
  return (probability) => format.format(probability);
}

function Alternatives({ token }: { token: Token }) {
  const t = useT();
  const percent = usePercent();
  const rows = token.others.some((other) => other.text === token.text) ? token.others : [{ text: token.text, logprob: token.logprob ?? 0 }, ...token.others];
  return (
    <table className="w-full max-w-md text-sm">
      <caption className="pb-1 text-start text-xs text-quiet">{t("play.alternatives")}</caption>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            <th scope="row" className={cx("w-40 max-w-40 truncate py-0.5 pr-3 text-start font-mono whitespace-pre", row.text === token.text ? "font-bold" : "font-normal")}>
              {visible(row.text).replace("\n", "")}
            </th>
            <td className="text-end tabular-nums">{percent(Math.exp(row.logprob))}</td>
            <td className="w-1/2 pl-3">
              <span aria-hidden className="block h-2 rounded-sm bg-accent" style={{ width: `${Math.max(1, Math.exp(row.logprob) * 100)}%` }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TokensTable({ tokens }: { tokens: readonly Token[] }) {
  const t = useT();
  const percent = usePercent();
  return (
    <div className="mt-2 max-h-80 overflow-auto" tabIndex={0} role="region" aria-label={t("play.tokensTable")}>
      <table className="w-full text-sm">
        <thead>
          <tr className="text-start text-quiet">
            {(["play.token", "play.probability", "play.logprob", "play.alternatives"] as const).map((key) => (
              <th key={key} scope="col" className="py-1 pr-3 text-start font-medium">
                {t(key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tokens.map((token, index) => (
            <tr key={index} className="border-t border-line">
              <th scope="row" className="py-1 pr-3 text-start font-mono font-normal whitespace-pre">
                {visible(token.text).replace("\n", "")}
              </th>
              <td className="pr-3 tabular-nums">{token.logprob === null ? "–" : percent(Math.exp(token.logprob))}</td>
              <td className="pr-3 tabular-nums">{token.logprob === null ? "–" : token.logprob.toFixed(3)}</td>
              <td className="font-mono text-xs">{token.others.map((other) => `${visible(other.text).replace("\n", "")} ${percent(Math.exp(other.logprob))}`).join(" · ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
