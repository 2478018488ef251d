import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf } from "../src/parts/markdown/grammar.ts";
import { repaired } from "../src/parts/markdown/repair.ts";
import { type Block, grow, NOTHING, type Split } from "../src/parts/markdown/split.ts";

const SAMPLE = `# Title

A paragraph with **bold**, *italic*, \`code\` and a [link](https://example.org/a_(b)).
Its second line.

Setext
======

- one
- two

  still two
    - nested

1. first
2. second

\`\`\`python
def f():

    return "# not a title"
\`\`\`

| a | b |
|---|--:|
| 1 | 2 |

> quoted
> - list

$$
x^2 + y^2
$$

<script>alert(1)</script>

~~~
tildes
\`\`\`
still
~~~

The end, $5 and $10, $a+b$.
`;

const blocks = (split: Split): Block[] => [...split.pages.flat(), ...split.tail];
const raw = (split: Split): string => blocks(split).map((block) => block.token.raw).join("");
const kinds = (tokens: { type: string }[]): string[] => tokens.map((token) => token.type).filter((type) => type !== "space");

function* parts(text: string, seed: number): Generator<string> {
  let random = seed;
  let at = 0;
  while (at < text.length) {
    random = (random * 1103515245 + 12345) % 2147483648;
    at += 1 + (random % 17);
    yield text.slice(0, at);
  }
}

test("however a text comes in, it ends in the same blocks as when read at once", () => {
  const whole = kinds(blocksOf(SAMPLE));
  for (let seed = 1; seed <= 60; seed += 1) {
    let split = NOTHING;
    for (const text of parts(SAMPLE, seed)) split = grow(split, text, true);
    split = grow(split, SAMPLE, false);
    assert.equal(raw(split), SAMPLE, `seed ${seed}`);
    assert.deepEqual(kinds(blocks(split).map((block) => block.token)), whole, `seed ${seed}`);
  }
});

test("settled blocks keep their identity, so that React leaves them alone", () => {
  let split = NOTHING;
  let before: readonly Block[] = [];
  for (const text of parts(SAMPLE, 7)) {
    split = grow(split, text, true);
    const settled = split.pages.flat();
    before.forEach((block, index) => assert.equal(settled[index], block));
    before = settled;
  }
  assert.ok(before.length > 10);
});

test("a very long fence, line, list or table is read in parts", () => {
  for (const unit of ["print('x')\n", "word ", "- item\n", "*a_b ", "[", "| a | b |\n"]) {
    const text = (unit === "print('x')\n" ? "```python\n" : unit.startsWith("|") ? "| a | b |\n|---|---|\n" : "") + unit.repeat(2 ** 18 / unit.length);
    let split = NOTHING;
    for (let at = 0; at < text.length; at += 2 ** 15) split = grow(split, text.slice(0, at), true);
    split = grow(split, text, false);
    assert.equal(raw(split).length, text.length, unit);
    const longest = Math.max(...blocks(split).filter((block) => block.token.type !== "code").map((block) => block.token.raw.length), 0);
    assert.ok(longest <= 16_000, `${unit}: ${longest}`);
  }
});

test("a text that is replaced is read anew", () => {
  const split = grow(grow(NOTHING, "# One\n\ntwo", true), "three", true);
  assert.equal(raw(split), "three");
});

test("half-written Markdown is shown as it will probably end", () => {
  const cases: [string, string][] = [
    ["some **bold", "some **bold**"],
    ["some **", "some "],
    ["a *b **c", "a *b **c***"],
    ["`code", "`code`"],
    ["x `", "x "],
    ["see [the page](https://exa", "see the page"],
    ["see [the pa", "see the pa"],
    ["![alt](https://x", "alt"],
    ["one\n- ", "one\n"],
    ["title\n-", "title\n"],
    ["text\n``", "text\n"],
    ["2 * 3 and snake_case", "2 * 3 and snake_case"],
    ["~~gone", "~~gone~~"],
    ["| a | b |\n|-", "| a | b |\n| --- | --- |\n"],
    ["done **bold** and [l](https://x).", "done **bold** and [l](https://x)."],
  ];
  for (const [half, whole] of cases) assert.equal(repaired(half), whole);
});

test("HTML is text, prices are no formulas", () => {
  const [paragraph] = blocksOf("$5 and $10, <b>x</b> $a+b$");
  assert.ok(paragraph && "tokens" in paragraph);
  assert.deepEqual(paragraph.tokens?.map((token) => token.type), ["text", "html", "text", "html", "text", "math"]);
});
