"""Texts of the next artifact: ``texts.{language}.json`` of this folder, one file a language."""

import shutil
from pathlib import Path

from hemascope.domain.texts import Texts, texts_file


def write_texts(folder: Path) -> None:
    """Copy every language into an artifact's folder.

    Raises
    ------
    ValidationError
        Where a language lacks a text.
    """
    for path in sorted(Path(__file__).parent.glob(texts_file("*"))):
        Texts.model_validate_json(path.read_bytes())
        shutil.copy(path, folder)
