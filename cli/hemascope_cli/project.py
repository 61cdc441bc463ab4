"""Finds the files of the project, wherever a command runs."""

from pathlib import Path

from hemascope.domain.errors import HemascopeError

MODEL = "all-subtypes"


def project_root() -> Path:
    """The checkout: the nearest folder with a ``cdk.json``, from the current folder upwards, else from this file upwards.

    Raises
    ------
    HemascopeError
        Where there is none.
    """
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "cdk.json").exists() and (folder / "model_artifacts").is_dir():
                return folder
    raise HemascopeError(
        "expected to run in a checkout of the project, or with --artifact; found no cdk.json in this folder or above"
    )


def artifact_folder(chosen: Path | None) -> Path:
    """The chosen artifact, or the newest version in the project.

    Raises
    ------
    HemascopeError
        Where none was chosen, and the project has none or can't be found.
    """
    if chosen is not None:
        return chosen
    versions = sorted((project_root() / "model_artifacts" / MODEL).glob("*.*.*/manifest.json"), key=_version)
    if not versions:
        raise HemascopeError(f"expected an artifact in model_artifacts/{MODEL}, found none")
    return versions[-1].parent


def _version(manifest: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in manifest.parent.name.split("."))
