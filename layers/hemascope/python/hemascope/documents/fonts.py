"""The font of printed reports, and what becomes of characters that it lacks.

FiraGO (SIL Open Font License) comes as a package, so its bytes are locked like any dependency's. It is embedded, so a page
looks the same everywhere. It knows Latin, Greek and Cyrillic. A character of another script is printed as its code point: an id
must never come out as empty boxes, since two ids would look alike, nor in a wrong order, as scripts from right to left would.
So are characters that nobody sees, such as joiners, and in ids all blanks but single spaces.
"""

import re
import unicodedata
from functools import lru_cache
from io import BytesIO
from xml.sax.saxutils import escape

from pymupdf_fonts import myfont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from hemascope.domain.characters import compose

REGULAR, BOLD = "FiraGO", "FiraGO-Bold"
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")


@lru_cache(maxsize=1)
def register() -> frozenset[int]:
    """Make the fonts known to ReportLab, once in the life of a process; return the code points that both have."""
    fonts = [TTFont(REGULAR, BytesIO(myfont("figo"))), TTFont(BOLD, BytesIO(myfont("figbo")))]
    for font in fonts:
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def printable(text: str, *, exact: bool = False) -> str:
    """The text with each character that can't be printed rightly in the form ``[U+8840]``.

    Parameters
    ----------
    exact
        Whether blanks matter, as in an id. Otherwise any run of blanks and line ends becomes one space.
    """
    known = register()
    composed = compose(text)
    composed = re.sub("(?<= ) ", "[U+0020]", composed) if exact else re.sub(r"\s+", " ", composed)
    return "".join(
        character if _is_plain(character) and ord(character) in known else f"[U+{ord(character):04X}]" for character in composed
    )


def _is_plain(character: str) -> bool:
    if character.isalpha():
        return unicodedata.name(character, "").startswith(_SCRIPTS)
    category = unicodedata.category(character)
    # Combining marks would need to be placed; nobody sees formatting characters and tells blanks apart.
    if category.startswith("M") or category == "Cf" or (category == "Zs" and character != " "):
        return False
    return unicodedata.bidirectional(character) not in {"R", "AL"}


def markup(text: str, *, exact: bool = False) -> str:
    """The text for a paragraph of ReportLab, in which nothing that a sender wrote is taken as markup."""
    return escape(printable(text, exact=exact))
