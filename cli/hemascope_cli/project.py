"""Finds the project's files from wherever a command runs."""

from pathlib import Path

from hemascope.domain.errors import HemascopeError

MODEL = "all-subtypes"


def project_root() -> Path:
    """The checkout: the nearest folder upwards, of the current one or of this code, with a ``cdk.json``.

    Raises
    ------
    HemascopeError
        Where there is none.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "cdk.json").exists() and (folder / "model_artifacts").is_dir():
                return folder
    raise HemascopeError("expected to run in a checkout of the project, or with --artifact; found no cdk.json upwards of here")


def artifact_folder(chosen: Path | None) -> Path:
    """The chosen artifact, or the newest version in the project."""
    if chosen is not None:
        return chosen
    versions = sorted((project_root() / "model_artifacts" / MODEL).glob("*.*.*/manifest.json"), key=_version)
    if not versions:
        raise HemascopeError(f"expected an artifact in model_artifacts/{MODEL}, found none")
    return versions[-1].parent


def _version(manifest: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in manifest.parent.name.split("."))
