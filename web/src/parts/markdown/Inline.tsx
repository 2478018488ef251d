import type { Token } from "marked";
import type { MathToken } from "./grammar";
import { decoded, hostOf, safeAddress } from "./addresses";
import { Formula } from "./Formula";

/** What stands within a line: marks become elements, HTML stays text, pictures from elsewhere stay words. */
export function Inline({ tokens }: { tokens: Token[] | undefined }) {
  return tokens?.map((token, index) => <One key={index} token={token} />);
}

function One({ token }: { token: Token }) {
  switch (token.type) {
    case "strong":
      return (
        <strong className="font-semibold">
          <Inline tokens={token.tokens} />
        </strong>
      );
    case "em":
      return (
        <em>
          <Inline tokens={token.tokens} />
        </em>
      );
    case "del":
      return (
        <del>
          <Inline tokens={token.tokens} />
        </del>
      );
    case "codespan":
      return (
        <code className="rounded-sm bg-hover px-1 py-0.5 font-mono text-[0.875em] break-words" dir="ltr">
          {token.text}
        </code>
      );
    case "br":
      return <br />;
    case "html":
      return /^<br\s*\/?>$/i.test(token.raw) ? <br /> : token.raw;
    case "math":
      return <Formula tex={(token as MathToken).tex} display={(token as MathToken).display} />;
    case "image":
      return (
        <span className="text-quiet">
          {token.text ? `${decoded(token.text)} — ` : ""}
          <span className="break-all">{token.href}</span>
        </span>
      );
    case "link":
      return <LinkTo href={token.href} text={token.text} tokens={token.tokens} />;
    case "text":
      return "tokens" in token && token.tokens ? <Inline tokens={token.tokens} /> : decoded(token.text);
    case "escape":
      return token.text;
    default:
      return token.raw;
  }
}

/** A link that says where it leads, in a tab of its own that knows nothing of this one. */
function LinkTo({ href, text, tokens }: { href: string; text: string; tokens: Token[] | undefined }) {
  const address = safeAddress(href);
  if (!address) return <Inline tokens={tokens} />;
  const host = hostOf(address);
  return (
    <>
      <a href={address} target="_blank" rel="noopener noreferrer" className="break-words text-accent underline underline-offset-2 hover:text-accent-hover">
        <Inline tokens={tokens} />
      </a>
      {!text.includes(host) && <span className="text-sm text-quiet"> ({host})</span>}
    </>
  );
}
