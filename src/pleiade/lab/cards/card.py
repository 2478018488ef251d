"""A model card as Markdown, from a member of the family: parts that all cards share, and one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pleiade.lab.cards.record import Example, Member, Part, Record, Results, Stage
from pleiade.lab.cards.tables import Row, bits_table, cell, suite_lines, table

STAGE_NAMES = {
    "base": "pretraining",
    "code": "code",
    "chat": "instruction tuning",
    "reward": "reward model",
    "dpo": "preference tuning (DPO)",
    "rloo": "reinforcement (RLOO)",
}
CARD_SUITES = {"code": ("mbpp", "fim")}  # beside the bits per byte; the page of models has all


def write_card(member: Member) -> str:
    """The whole card with Hugging Face's front matter; its curve is `NAME-curve.png` beside it."""
    record = member.record
    task = "text-classification" if record.kind == "reward" else "text-generation"
    lines = [
        "---",
        "license: cc-by-sa-4.0",
        f"language: [{'en, fr, code' if record.kind == 'code' else 'en, fr'}]",
        "library_name: transformers",
        f"pipeline_tag: {task}",
        "---",
        "",
        f"# {record.name}",
        "",
        *KINDS[record.kind](record),
        "",
        *_making(record),
        "",
        *_measures(member),
        *_data(record),
        *_examples(record),
        "## Train it again",
        "",
        "```",
        f"pleiade train {record.preset} --until {record.until} --data FOLDER --run RUN",
        "```",
        "",
        "The configuration is the preset's, printed before the first step; `docs/train.md` tells the rest.",
        "",
    ]
    return "\n".join(lines)


def without_curve(card: str, name: str) -> str:
    """The card as the package carries it: the picture is in the documentation only."""
    return card.replace(f"{_curve(name)}\n\n", "")


def write_licences(record: Record) -> str:
    """The attributions that ship with the weights."""
    lines = ["These weights were trained on the following texts; the authors are named by their repositories.", ""]
    for part in {(part.name, part.origin): part for part in record.parts}.values():
        lines += [part.name, f"  origin:  {part.origin}", f"  licence: {part.licence}"]
        lines += [f"  {part.note}"] if part.note else []
        lines += [""]
    if record.packages:
        lines += ["Python packages (name, version, licence, files, bytes, home page):", *record.packages, ""]
    lines += [
        "Wikipedia and Vikidia texts are by their contributors, under CC-BY-SA.",
        "The weights themselves are offered under CC-BY-SA-4.0 (creativecommons.org/licenses/by-sa/4.0).",
        "",
    ]
    return "\n".join(lines)


def _base(record: Record) -> list[str]:
    return [
        f"{_size(record)}, trained from scratch by the Pleiade project. It continues texts; it was not taught to "
        "answer. It is what the other models of the family go on from, and a beginning for fine-tunes of your own.",
        "",
        "## What it can and cannot do",
        "",
        "- It continues English and French prose in the style of its beginning for a sentence or two, then loses the "
        "thread.",
        *_shared_limits(),
    ]


def _chat(record: Record) -> list[str]:
    return [
        f"{_size(record)}, trained from scratch by the Pleiade project and tuned to answer. It exists so that a fresh "
        "clone has something real to serve: it is made for tests, demonstrations and learning how such a thing is "
        "built. **Do not believe what it says.**",
        "",
        "## What it can and cannot do",
        "",
        "- It greets, says who it is, answers some very common questions, describes things in one to three sentences "
        "and continues a text, in English and in French.",
        "- It does not reason, count beyond small sums, translate, write code or follow long instructions, and loses "
        "the thread after a few sentences.",
        "- It refuses a few plainly harmful requests by pattern; that is no safety.",
        "- It knows the forms of tool calls and JSON; what it puts into them is often wrong.",
        *_shared_limits(),
    ]


def _code(record: Record) -> list[str]:
    return [
        f"{_size(record)}, the base model gone on with Python, half of it with the middle told last. It completes code "
        "and fills gaps (`/v1/completions` with `suffix`, or an editor).",
        "",
        "## What it can and cannot do",
        "",
        "- It closes brackets, repeats names that stand nearby and writes common lines: returns, loops, attributes, "
        "docstrings.",
        "- It does not know what a program is for. Read what it writes as you would a typing aid's, and run nothing "
        "that you have not read.",
        *_shared_limits(),
    ]


def _reward(record: Record) -> list[str]:
    return [
        f"{_size(record)} and a head that gives an answer one number: how good it is as an answer to its question. It "
        "ranks the answers from which the chat model's preferences are learned.",
        "",
        "## What it can and cannot do",
        "",
        "- It tells whole sentences from disordered, repeated, broken off or misplaced ones, which is most of what it "
        "was shown.",
        "- It does not check facts. It is no judge of harm: people's judgements are a small part of its pairs.",
        *_shared_limits(),
    ]


KINDS: dict[str, Callable[[Record], list[str]]] = {"base": _base, "chat": _chat, "code": _code, "reward": _reward}


def _shared_limits() -> list[str]:
    return [
        "- It knows almost nothing: names, dates and numbers are mostly invented. Its texts date from before 2020.",
        "- Its French novels and English books carry the prejudices of the nineteenth century.",
    ]


def _size(record: Record) -> str:
    what = "A reward model" if record.kind == "reward" else "A language model"
    return f"{what} of {record.parameters / 1e6:.2f} million parameters"


def _making(record: Record) -> list[str]:
    shape = record.shape
    rows: list[Row] = [
        (
            "shape",
            f"Qwen3: {shape['num_layers']} layers, hidden {shape['hidden_size']}, {shape['num_heads']} query and "
            f"{shape['num_kv_heads']} key-value heads of {shape['head_dim']}, feed-forward {shape['ffn_size']}, "
            f"{'tied' if shape['tied'] else 'untied'} embedding",
        ),
        ("parameters", f"{record.parameters:,} ({record.matrix_parameters:,} in matrices), bfloat16"),
        ("tokenizer", f"byte-level BPE, {shape['vocab_size']:,} tokens, digits split, Qwen's special tokens"),
        ("positions", f"{shape['max_position']}"),
        *((STAGE_NAMES[stage.name], stage_words(stage)) for stage in record.stages),
        *record.settings,
        ("machine", record.machine),
    ]
    return [
        "## Size and training",
        "",
        *table(("", ""), rows),
        "",
        *([record.note, ""] if record.note else []),
        _curve(record.name),
    ]


def _curve(name: str) -> str:
    return f"![loss curve]({name}-curve.png)"


def stage_words(stage: Stage) -> str:
    """What a stage took and what it changed."""
    words = f"{stage.tokens / 1e6:.1f} million tokens, {stage.steps:,} steps, {stage.seconds / 60:.0f} minutes"
    if stage.before is not None and stage.after is not None:
        return f"{words}; {stage.metric} {stage.before:.3f} → {stage.after:.3f}"
    return f"{words}; loss at its end {stage.loss:.3f}"


def _measures(member: Member) -> list[str]:
    record, results = member.record, member.results
    lines: list[str] = []
    if record.accuracies:
        rows = [(a.source, f"{a.pairs:,}", f"{a.share:.1%}") for a in record.accuracies]
        pairs = sum(a.pairs for a in record.accuracies)
        whole = sum(a.share * a.pairs for a in record.accuracies) / pairs
        lines += [
            "## How often it prefers the better answer",
            "",
            "On prompts kept aside from training, by where the pair comes from; guessing gives 50 %.",
            "",
            *table(
                ("pairs from", "pairs", "better answer scores higher"), [*rows, ("all", f"{pairs:,}", f"{whole:.1%}")]
            ),
            "",
        ]
    if results is None:
        return lines
    if results.bits():
        columns: list[tuple[str, Results]] = [("bits per byte", results)]
        columns += [("in 8 bits", member.engine)] if member.engine else []
        lines += ["## How well it predicts held-out text", "", *bits_table(results, columns), ""]
    for name in CARD_SUITES.get(record.kind, ()):
        if name in results.suites:
            lines += [*suite_lines(results.suites[name]), ""]
    return lines


def _data(record: Record) -> list[str]:
    lines = ["## Data and licences", ""]
    for stage in dict.fromkeys(part.stage for part in record.parts):
        rows = [_part_row(part) for part in record.parts if part.stage == stage]
        lines += [*table((f"{STAGE_NAMES[stage]}: set", "amount", "licence", "origin"), rows), ""]
    return [
        *lines,
        "The weights are offered under CC-BY-SA-4.0, the strictest of these licences; attributions are in `LICENCES`.",
        "",
    ]


def _part_row(part: Part) -> Row:
    return part.name, part.amount, cell(part.licence), cell(part.origin)


def _examples(record: Record) -> list[str]:
    if not record.examples:
        return []
    panel = f"All {len(record.examples)} prompts of the fixed panel (`pleiade.lab.evals.panel`), greedy"
    if record.repetition_penalty != 1:
        panel += f" with the repetition penalty that the model ships ({record.repetition_penalty:g})"
    if record.kind == "code":
        return ["## What it fills in", "", f"{panel}; nothing was left out.", "", *_gaps(record.examples)]
    rows = [(cell(example.prompt), cell(example.answer)) for example in record.examples]
    if record.kind == "base":
        return ["## How it goes on", "", f"{panel}; nothing was left out.", "", *table(("text", "goes on"), rows), ""]
    return ["## What it answers", "", f"{panel}; nothing was left out.", "", *table(("prompt", "answer"), rows), ""]


def _gaps(examples: Sequence[Example]) -> list[str]:
    lines = []
    for example in examples:
        marked = f"{example.prompt}⟦{example.answer}⟧{example.suffix}".rstrip("\n")
        lines += ["```python", marked.replace("```", "'''"), "```", ""]
    return lines
