"""Screens files and folders: one report for each picture."""

import os
import sys
import time
from pathlib import Path

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.picture_file import PictureFormat
from hemascope.domain.specimen import Specimen
from hemascope.imaging.overlay import encode_pngs
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import Screening, content_id, reject, screen
from hemascope_cli.console import progress
from hemascope_cli.errors import NothingToScreen
from hemascope_cli.pictures.files import find_pictures, read_picture, write_bytes
from hemascope_cli.pictures.formats import WRITERS
from hemascope_cli.pictures.microscope_use import load_use
from hemascope_cli.pictures.network import load_classifier


def screen_paths(
    paths: list[Path],
    style: str,
    out: Path | None,
    artifact: Path | None,
    profile: Path | None = None,
    verification: Path | None = None,
) -> int:
    """Screen every picture below the paths and print its report; return 0, also where pictures were rejected.

    What folders hold beside pictures is listed on standard error.

    Parameters
    ----------
    paths
        Files, folders, or ``-`` for standard input.
    style
        A key of :data:`~hemascope_cli.pictures.formats.WRITERS`.
    out
        Where pictures are written, if any are wanted.
    artifact
        Folder of the model; the project's newest where None.
    profile
        File with the profile of the microscope that took the pictures; None: they are of the model's reference microscope.
    verification
        File with the proof of its answers. Without one that holds, no decision is an answer.

    Raises
    ------
    NothingToScreen
        Where a path doesn't exist, or there is no picture.
    HemascopeError
        Where the model, the profile or the proof can't be loaded.
    """
    found = find_pictures(paths)
    if not found.pictures:
        found.tell_passed_over()
        raise NothingToScreen(f"expected pictures ({', '.join(PictureFormat)}), found none")
    classifier = load_classifier(artifact)
    use = load_use(profile, verification, classifier.artifact.reference)
    with progress(found.pictures, "pictures") as shown:
        writer = WRITERS[style](sys.stdout, classifier.artifact.manifest.disease)
        for file in shown:
            screening = screen_file(file.path, classifier, draw=out is not None, microscope=use)
            if out:
                _write_pictures(screening, out / file.target)
            writer.write(str(file.path), screening.report)
        writer.close()
    found.tell_passed_over()
    return 0


def screen_file(file: Path, classifier: Classifier, draw: bool = True, microscope: MicroscopeUse | None = None) -> Screening:
    """Screen one file of a microscope, with pictures where they are wanted.

    A file that can't be read is rejected, not an error.
    """
    specimen = Specimen(hospital="local", patient="unknown", slide="local", field=content_id(os.fsencode(file)))
    try:
        data = read_picture(file)
    except RejectedSmear as refusal:
        return reject(refusal, specimen, classifier.artifact, specimen.field, microscope)
    return screen(data, specimen, classifier, microscope=microscope, timer=time.perf_counter, draw=draw)


def _write_pictures(screening: Screening, base: Path) -> None:
    if screening.pictures is None:
        return
    pictures = {"segmented": screening.pictures.segmented, "overlay": screening.pictures.overlay}
    pictures |= {f"heat_map.{branch}": picture for branch, picture in screening.pictures.heat_maps.items()}
    for name, file in zip(pictures, encode_pngs(pictures.values()), strict=True):
        write_bytes(base.with_name(f"{base.name}.{name}.png"), file)
