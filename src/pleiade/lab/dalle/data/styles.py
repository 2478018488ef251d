"""The styles of drawing. Their order is part of every exported model: style id = 1 + index, 0 = any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A style's id and the words that captions use for it, the first ones most often."""

    id: str
    en: tuple[str, ...]
    fr: tuple[str, ...]


SCENE = "scene"

STYLE_WORDS: tuple[Style, ...] = (
    Style("outline", ("outline icon", "line icon"), ("icône au trait", "icône en contour")),
    Style("solid", ("solid icon", "filled icon", "silhouette icon"), ("icône pleine", "icône en silhouette")),
    Style("duotone", ("duotone icon",), ("icône bicolore",)),
    Style("color-flat", ("flat colour icon", "flat color icon"), ("icône plate en couleur",)),
    Style("outline-thin", ("thin outline icon", "thin line icon"), ("icône au trait fin",)),
    Style("engraved", ("bold engraved silhouette", "engraved fantasy icon"), ("silhouette gravée",)),
    Style("color-outline", ("outline icon with blue accents",), ("icône au trait avec accents bleus",)),
    Style("color-lineart", ("coloured line-art icon", "colored line-art icon"), ("icône colorée à contour",)),
    Style("color-duo", ("two-tone colour icon", "two-tone color icon"), ("icône en deux tons de couleur",)),
    Style("pixel-mono", ("one-colour pixel icon", "pixel icon"), ("icône pixel monochrome",)),
    Style("twemoji", ("clean flat emoji",), ("émoji plat et net",)),
    Style("crawl", ("32-pixel fantasy game tile, pixel art", "fantasy pixel art"), ("tuile de jeu en pixel art",)),
    Style("outline-bold", ("bold outline icon", "thick line icon"), ("icône au trait épais",)),
    Style("serenity", ("tiny pixel-art emoji", "pixel art"), ("minuscule émoji en pixel art", "pixel art")),
    Style("noto", ("rounded shaded emoji",), ("émoji arrondi et ombré",)),
    Style("fluent-3d", ("3D glossy emoji", "3D emoji"), ("émoji 3D brillant", "émoji 3D")),
    Style("fluent-color", ("soft gradient emoji",), ("émoji en dégradé doux",)),
    Style("fluent-flat", ("flat emoji",), ("émoji plat",)),
    Style("fluent-hc", ("high-contrast one-colour emoji",), ("émoji à fort contraste, une seule couleur",)),
    Style("blob", ("blob emoji",), ("émoji blob",)),
    Style("emojione", ("smooth flat emoji with shading",), ("émoji lisse et ombré",)),
    Style("emojione-mono", ("one-colour emoji glyph",), ("émoji monochrome",)),
    Style(
        "color-handdrawn", ("hand-drawn colour icon", "hand-drawn color icon"), ("icône colorée dessinée à la main",)
    ),
    Style("handdrawn-mono", ("hand-drawn icon",), ("icône dessinée à la main",)),
    Style("fx", ("simple retro flat emoji",), ("émoji plat rétro",)),
    Style("sharp", ("sharp-cornered outline icon",), ("icône au trait à angles vifs",)),
    Style("offset-print", ("outline icon with an offset print tint",), ("icône au trait avec aplat décalé",)),
    Style("circle-flags", ("round flag",), ("drapeau rond",)),
    Style("flag-icons", ("rectangular flag",), ("drapeau rectangulaire",)),
    Style("color-gradient", ("modern gradient icon",), ("icône moderne en dégradé",)),
    Style(SCENE, ("illustration", "scene", "picture"), ("illustration", "scène", "image")),
)

STYLES: tuple[str, ...] = tuple(style.id for style in STYLE_WORDS)


def styles_in(styles: str) -> set[str]:
    """The names in a list of styles, separated by commas."""
    return {style.strip() for style in styles.split(",") if style.strip()}


def style_id(style: str) -> int:
    """The number that the model knows a style by; 0 (any) for one it does not know, such as of your own drawings."""
    return STYLES.index(style) + 1 if style in STYLES else 0
