import { memo, useRef } from "react";
import { BlockView, Page } from "./markdown/Blocks";
import { grow, NOTHING, type Split } from "./markdown/split";

type AnswerProps = {
  text: string;
  /** More may come: its end is shown as it will probably end. */
  writing?: boolean;
};

/** Markdown as a page: settled blocks stay as they are while the text grows. */
export const Answer = memo(function Answer({ text, writing = false }: AnswerProps) {
  const before = useRef<Split>(NOTHING);
  const split = grow(before.current, text, writing);
  before.current = split; // a memory of this very computation: reading a text twice gives the same blocks
  return (
    <div className="min-w-0 text-read break-words" dir="auto">
      {split.pages.map((page) => (
        <Page key={page[0]?.at} blocks={page} />
      ))}
      {split.tail.map((block) => (
        <BlockView key={block.at} block={block} />
      ))}
    </div>
  );
});
