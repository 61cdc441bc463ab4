"""The words of the next artifact: ``texts.{language}.json`` of this folder, one file a language."""

from pathlib import Path

from hemascope.domain.texts import Texts, texts_file


def write_texts(folder: Path) -> None:
    """Write every language into an artifact's folder, all words spelled out.

    What the code has to fall back to may change; what an artifact says may not.
    """
    for path in sorted(Path(__file__).parent.glob(texts_file("*"))):
        texts = Texts.model_validate_json(path.read_bytes())
        (folder / path.name).write_text(texts.model_dump_json(indent=1) + "\n", encoding="utf-8")
