"""What a deployment filters: by category how strictly, for prompts and for answers apart."""

from typing import Literal

import msgspec

# A severity from which text is blocked, or what is done instead. Azure's five settings (wire-contract §5.2).
Strictness = Literal["off", "annotate", "low", "medium", "high"]
Action = Literal["off", "annotate", "block"]


class Blocklist(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words and regular expressions that a house does not want to read or write."""

    name: str
    terms: tuple[str, ...] = ()  # whole words, however they are capitalised or accented
    patterns: tuple[str, ...] = ()  # regular expressions, with a bound on their time
    action: Action = "block"


class Screen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is looked for on one side of a call."""

    hate: Strictness = "medium"
    sexual: Strictness = "medium"
    violence: Strictness = "medium"
    self_harm: Strictness = "medium"
    profanity: Action = "off"
    personal_data: Action = "off"
    jailbreak: Action = "off"  # prompts only
    indirect_attack: Action = "off"  # prompts only: what tools and documents bring along
    protected_text: Action = "off"  # answers only: what the house has registered

    @property
    def severities(self) -> dict[str, Strictness]:
        """The four categories with a severity."""
        return {"hate": self.hate, "sexual": self.sexual, "violence": self.violence, "self_harm": self.self_harm}

    @property
    def needs_model(self) -> bool:
        """Whether anything here asks the classifier."""
        asked = (*self.severities.values(), self.profanity, self.jailbreak, self.indirect_attack)
        return any(each != "off" for each in asked)


class FilterPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A deployment's filter. The default is Azure's: medium and high are blocked, and so are attacks on the prompt."""

    prompt: Screen = Screen(jailbreak="block", indirect_attack="annotate")
    output: Screen = Screen()
    blocklists: tuple[Blocklist, ...] = ()
    streaming: Literal["buffered", "asynchronous"] = "buffered"
    window: int = 160  # characters that are held back, or that may pass, between two looks at a stream
    judge: str = "pleiade-moderation"  # the deployment that is asked: of the kind moderation, or a guard that chats
    judge_form: Literal["", "llama_guard", "safeguard"] = ""  # in which a guard answers; "" = as its name tells


_OFF = Screen(hate="off", sexual="off", violence="off", self_harm="off")
_ANNOTATE = Screen(hate="annotate", sexual="annotate", violence="annotate", self_harm="annotate")
_STRICT = Screen(hate="low", sexual="low", violence="low", self_harm="low", profanity="annotate")
# By the name that `pleiade filter` gives.
POLICIES: dict[str, FilterPolicy] = {
    "standard": FilterPolicy(),
    "strict": FilterPolicy(
        prompt=msgspec.structs.replace(_STRICT, jailbreak="block", indirect_attack="block"), output=_STRICT
    ),
    "lenient": FilterPolicy(
        prompt=Screen(hate="high", sexual="high", violence="high", self_harm="high", jailbreak="annotate"),
        output=Screen(hate="high", sexual="high", violence="high", self_harm="high"),
    ),
    "annotate": FilterPolicy(
        prompt=msgspec.structs.replace(_ANNOTATE, jailbreak="annotate", indirect_attack="annotate"), output=_ANNOTATE
    ),
    "rules": FilterPolicy(prompt=_OFF, output=_OFF),  # blocklists and personal data only: no model is asked
}


def preset_of(policy: FilterPolicy | None) -> str:
    """The name of a deployment's policy among `POLICIES`, however it streams; "off" for none, "own" for any other."""
    if policy is None:
        return "off"
    for name, preset in POLICIES.items():
        if (policy.prompt, policy.output, policy.blocklists) == (preset.prompt, preset.output, preset.blocklists):
            return name
    return "own"
