"""Which characters ids, file names and comments may hold, and the one form in which they are stored (docs/adr/0030).

Everything of Unicode is taken but what steers a program, can't be stored everywhere, or reorders the characters beside it.
A refusal names the character by its code point and never repeats the text, which may name a person.
"""

import re
import unicodedata

from pydantic_core import PydanticCustomError

_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")  # Unicode's newlines (section 5.8), such as a word processor's
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NAMES = {  # Unicode gives control characters no name
    "\x00": "NULL",
    "\x07": "BELL",
    "\x08": "BACKSPACE",
    "\t": "TAB",
    "\n": "LINE FEED",
    "\v": "LINE TABULATION",
    "\f": "FORM FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
}
_KINDS = {"Cc": "CONTROL CHARACTER", "Cs": "LONE SURROGATE", "Cn": "NONCHARACTER"}


UNFIT = "unfit_text"  # the type of pydantic's error where a text may not stand; its ``fault`` repeats nothing of the text


def unfit(fault: str) -> PydanticCustomError:
    """The error for a validator to raise. ``fault`` says why and repeats nothing of the text, so it may be shown."""
    return PydanticCustomError(UNFIT, "expected another text, received {fault}", {"fault": fault})


def compose(text: str) -> str:
    r"""Bring a text into Unicode's composed form, NFC: macOS writes decomposed what a keyboard elsewhere writes composed.

    Examples
    --------
    >>> compose("Mu\u0308ller") == "M\u00fcller"
    True
    """
    return unicodedata.normalize("NFC", text)


def compose_lines(text: str) -> str:
    r"""The same for several lines; every kind of line break becomes a line feed.

    Examples
    --------
    >>> compose_lines("one\r\ntwo")
    'one\ntwo'
    """
    return compose(_BREAKS.sub("\n", text))


def is_refused(character: str) -> bool:
    r"""Return whether a character may stand in no text that people send.

    These are control characters (a terminal, a log or a header would obey them), separators of lines and paragraphs, lone
    surrogates and noncharacters (UTF-8, XML and so S3 can't carry them), and the embeddings, overrides and isolates of the
    bidirectional algorithm: with them one id would be shown as another. Scripts from right to left need none of these.

    Examples
    --------
    >>> [is_refused(character) for character in ("\x07", "\u202e", "\u200d", "\u3000", "\u05d0")]
    [True, True, False, False, False]
    """
    code = ord(character)
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return noncharacter or character in _REORDERING or unicodedata.category(character) in _REFUSED_CATEGORIES


def name_of(character: str) -> str:
    r"""Code point and name of a character.

    Examples
    --------
    >>> name_of("\x07"), name_of("/"), name_of("\x01"), name_of("\ufdd0")
    ('U+0007 BELL', 'U+002F SOLIDUS', 'U+0001 CONTROL CHARACTER', 'U+FDD0 NONCHARACTER')
    """
    kind = _KINDS.get(unicodedata.category(character), "CHARACTER")
    return f"U+{ord(character):04X} {_NAMES.get(character) or unicodedata.name(character, kind)}"


def find_refused(text: str, allowed: str = "") -> str | None:
    r"""Name the first character that is refused; None where there is none.

    Parameters
    ----------
    allowed
        Characters that may stand here all the same.

    Examples
    --------
    >>> find_refused("one\ntwo\x07", allowed="\n\t")
    'the character U+0007 BELL'
    """
    for character in text:
        if character not in allowed and is_refused(character):
            return f"the character {name_of(character)}"
    return None


def is_blank(character: str) -> bool:
    """Return whether a character is a blank that people don't see at an end of an id; so a browser's ``trim`` has it."""
    return character.isspace() or character == "\ufeff"


def visible(text: str) -> str:
    r"""The text with a question mark for each character that a terminal or a log would obey.

    Examples
    --------
    >>> visible("field\x1b[2J 1")
    'field?[2J 1'
    """
    return "".join("?" if is_refused(character) else character for character in text)
