"""What we call a harm, how severe it can be, and what others call it: the one list that every answer is read from."""

from enum import StrEnum

import msgspec


class Harm(StrEnum):
    """What a text may do or ask for. The classifier has one score for each, in this order."""

    HARASSMENT = "harassment"
    HARASSMENT_THREAT = "harassment_threat"
    HATE = "hate"
    HATE_THREAT = "hate_threat"
    ILLICIT = "illicit"
    ILLICIT_VIOLENT = "illicit_violent"
    SELF_HARM = "self_harm"
    SELF_HARM_INTENT = "self_harm_intent"
    SELF_HARM_INSTRUCTIONS = "self_harm_instructions"
    SEXUAL = "sexual"
    SEXUAL_MINORS = "sexual_minors"
    VIOLENCE = "violence"
    VIOLENCE_GRAPHIC = "violence_graphic"
    PROFANITY = "profanity"
    JAILBREAK = "jailbreak"


HARMS = tuple(Harm)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A harm in all the taxonomies that we answer in; "" or () where one has no such category."""

    harm: Harm
    meaning: str
    ceiling: int  # the severity, 0 to 7, of a text that is certainly this and nothing else
    openai: str = ""  # of the thirteen (wire-contract §12.5)
    openai_2023: str = ""  # of the seven (§11.3)
    azure: str = ""  # §5.1
    llama_guard: tuple[str, ...] = ()  # Llama Guard 3's S1 to S14
    mlcommons: tuple[str, ...] = ()  # AILuminate 1.0's hazards


# Severities: Azure counts 0 to 7 and shows 0 / 2 / 4 / 6. Threats, minors and instructions go to the top of the scale.
TAXONOMY: dict[Harm, Entry] = {
    entry.harm: entry
    for entry in (
        Entry(
            harm=Harm.HARASSMENT,
            meaning="insults, bullies or degrades a person",
            ceiling=4,
            openai="harassment",
            azure="hate",
            mlcommons=("hte",),
        ),
        Entry(
            harm=Harm.HARASSMENT_THREAT,
            meaning="threatens a person with violence",
            ceiling=6,
            openai="harassment/threatening",
            azure="violence",
            llama_guard=("S1",),
            mlcommons=("vcr",),
        ),
        Entry(
            harm=Harm.HATE,
            meaning="attacks people for race, religion, origin, sex, orientation or disability",
            ceiling=5,
            openai="hate",
            openai_2023="hate",
            azure="hate",
            llama_guard=("S10",),
            mlcommons=("hte",),
        ),
        Entry(
            harm=Harm.HATE_THREAT,
            meaning="wishes violence on such a group, or calls for it",
            ceiling=7,
            openai="hate/threatening",
            openai_2023="hate/threatening",
            azure="hate",
            llama_guard=("S10", "S1"),
            mlcommons=("hte", "vcr"),
        ),
        Entry(
            harm=Harm.ILLICIT,
            meaning="asks for help with a crime without violence",
            ceiling=4,
            openai="illicit",
            llama_guard=("S2",),
            mlcommons=("ncr",),
        ),
        Entry(
            harm=Harm.ILLICIT_VIOLENT,
            meaning="asks for help with a violent crime or a weapon",
            ceiling=6,
            openai="illicit/violent",
            azure="violence",
            llama_guard=("S1", "S9"),
            mlcommons=("vcr", "iwp"),
        ),
        Entry(
            harm=Harm.SELF_HARM,
            meaning="speaks of suicide, self-injury or eating disorders",
            ceiling=4,
            openai="self-harm",
            openai_2023="self-harm",
            azure="self_harm",
            llama_guard=("S11",),
            mlcommons=("ssh",),
        ),
        Entry(
            harm=Harm.SELF_HARM_INTENT,
            meaning="the writer means to do it",
            ceiling=5,
            openai="self-harm/intent",
            openai_2023="self-harm",
            azure="self_harm",
            llama_guard=("S11",),
            mlcommons=("ssh",),
        ),
        Entry(
            harm=Harm.SELF_HARM_INSTRUCTIONS,
            meaning="asks how to do it, or tells how",
            ceiling=7,
            openai="self-harm/instructions",
            openai_2023="self-harm",
            azure="self_harm",
            llama_guard=("S11",),
            mlcommons=("ssh",),
        ),
        Entry(
            harm=Harm.SEXUAL,
            meaning="is meant to arouse, or sells sex",
            ceiling=4,
            openai="sexual",
            openai_2023="sexual",
            azure="sexual",
            llama_guard=("S12", "S3"),
            mlcommons=("sxc_prn", "src"),
        ),
        Entry(
            harm=Harm.SEXUAL_MINORS,
            meaning="sexualises a person under 18",
            ceiling=7,
            openai="sexual/minors",
            openai_2023="sexual/minors",
            azure="sexual",
            llama_guard=("S4",),
            mlcommons=("cse",),
        ),
        Entry(
            harm=Harm.VIOLENCE,
            meaning="depicts or praises death or injury",
            ceiling=4,
            openai="violence",
            openai_2023="violence",
            azure="violence",
            llama_guard=("S1",),
            mlcommons=("vcr",),
        ),
        Entry(
            harm=Harm.VIOLENCE_GRAPHIC,
            meaning="depicts death or injury in detail",
            ceiling=6,
            openai="violence/graphic",
            openai_2023="violence/graphic",
            azure="violence",
            llama_guard=("S1",),
            mlcommons=("vcr",),
        ),
        Entry(harm=Harm.PROFANITY, meaning="uses coarse words, whoever they are for", ceiling=1, azure="profanity"),
        Entry(harm=Harm.JAILBREAK, meaning="tries to talk the model out of its rules", ceiling=4, azure="jailbreak"),
    )
}

# Hazards of others that nothing here judges; docs/safety.md says so beside the mapping.
UNJUDGED = {
    "llama_guard": {
        "S5": "defamation",
        "S6": "specialised advice",
        "S7": "privacy",
        "S8": "intellectual property",
        "S13": "elections",
        "S14": "code interpreter abuse",
    },
    "mlcommons": {"dfm": "defamation", "ipv": "intellectual property", "prv": "privacy", "spc": "specialised advice"},
}

OPENAI = tuple(entry.openai for entry in TAXONOMY.values() if entry.openai)
OPENAI_2023 = tuple(dict.fromkeys(entry.openai_2023 for entry in TAXONOMY.values() if entry.openai_2023))
AZURE_SEVERITIES = ("hate", "sexual", "violence", "self_harm")
