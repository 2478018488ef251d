import type { Token, Tokens } from "marked";
import { memo } from "react";
import { CodeBlock } from "./CodeBlock";
import type { MathToken } from "./grammar";
import { Inline } from "./Inline";
import { Formula } from "./Formula";
import type { Block } from "./split";

/** Blocks that will not change any more: React passes over them while the text grows. */
export const Page = memo(function Page({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map((block) => <BlockView key={block.at} block={block} />);
});

/** One block. HTML in it is shown as the text that it is. */
export const BlockView = memo(function BlockView({ block }: { block: Block }) {
  return <TokenView token={block.token} open={block.open} />;
});

const HEADINGS = ["text-lg font-semibold", "text-lg font-semibold", "font-semibold", "font-semibold", "font-medium", "font-medium"];

function TokenView({ token, open }: { token: Token; open: boolean }) {
  switch (token.type) {
    case "space":
      return null;
    case "heading": {
      // The page has its own h1 and h2; an answer's headings come below them.
      const Level = `h${Math.min(token.depth + 2, 6)}` as "h3" | "h4" | "h5" | "h6";
      return (
        <Level className={`mt-6 mb-2 first:mt-0 ${HEADINGS[token.depth - 1] ?? ""}`} dir="auto">
          <Inline tokens={token.tokens} />
        </Level>
      );
    }
    case "code":
      return <CodeBlock code={(token as Tokens.Code).text} language={(token as Tokens.Code).lang ?? ""} open={open} />;
    case "blockquote":
      return (
        <blockquote className="my-3 border-l-2 border-line-strong pl-4 text-quiet" dir="auto">
          <Inner tokens={token.tokens} open={open} />
        </blockquote>
      );
    case "list":
      return <List list={token as Tokens.List} open={open} />;
    case "table":
      return <Table table={token as Tokens.Table} />;
    case "hr":
      return <hr className="my-6 border-line" />;
    case "math":
      return <Formula tex={(token as MathToken).tex} display />;
    case "paragraph":
      return (
        <p className="my-3 whitespace-pre-wrap first:mt-0 last:mb-0" dir="auto">
          <Inline tokens={token.tokens} />
        </p>
      );
    case "text":
      return "tokens" in token && token.tokens ? <Inline tokens={token.tokens} /> : <Inline tokens={[token]} />;
    default:
      // HTML, and whatever has no look of its own here: as it was written.
      return (
        <p className="my-3 font-mono text-sm whitespace-pre-wrap" dir="auto">
          {token.raw.trim()}
        </p>
      );
  }
}

function Inner({ tokens, open }: { tokens: Token[] | undefined; open: boolean }) {
  return tokens?.map((token, index) => <TokenView key={index} token={token} open={open && index === tokens.length - 1} />);
}

function List({ list, open }: { list: Tokens.List; open: boolean }) {
  const items = list.items.map((item, index) => (
    <li key={index} className="my-1 pl-1 marker:text-quiet" dir="auto">
      {item.task && <input type="checkbox" checked={item.checked ?? false} readOnly disabled className="mr-2" />}
      <Inner tokens={item.tokens.filter((token) => token.type !== "checkbox")} open={open && index === list.items.length - 1} />
    </li>
  ));
  if (list.ordered) {
    return (
      <ol start={list.start === "" ? 1 : list.start} className="my-3 list-decimal ps-6">
        {items}
      </ol>
    );
  }
  return <ul className="my-3 list-disc ps-6">{items}</ul>;
}

function Table({ table }: { table: Tokens.Table }) {
  const side = (align: Tokens.TableCell["align"]) => (align === "right" ? "text-end" : align === "center" ? "text-center" : "text-start");
  return (
    // A wide table scrolls by itself, with the keyboard too.
    <div className="my-4 overflow-x-auto" tabIndex={0} role="group">
      <table className="w-full border-collapse text-base" dir="auto">
        <thead>
          <tr className="border-b border-line-strong">
            {table.header.map((cell, index) => (
              <th key={index} scope="col" className={`py-2 pr-4 font-semibold ${side(cell.align)}`}>
                <Inline tokens={cell.tokens} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index} className="border-b border-line">
              {row.map((cell, place) => (
                <td key={place} className={`py-2 pr-4 align-top tabular-nums ${side(cell.align)}`}>
                  <Inline tokens={cell.tokens} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
