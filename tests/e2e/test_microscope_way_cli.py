"""A new microscope on the command line: refused for clipping, commissioned at a lower exposure, verified, then answered."""

import json
from pathlib import Path

import pytest

from hemascope_cli.main import main
from tests.support.lamps import KINDS, LEUKEMIA, OVEREXPOSED, WARM, Lamp, photographed, shelf

pytestmark = pytest.mark.dataset


def photograph(dataset: Path, folder: Path, lamp: Lamp, slides: list[tuple[str, str, int]], start: int = 0) -> None:
    """Write fields of slides, each (slide, kind, fields), from the shelf's place ``start`` on."""
    shelves = {kind: iter(shelf(dataset, kind)[start:]) for kind in KINDS}
    for slide, kind, fields in slides:
        (folder / slide).mkdir(parents=True, exist_ok=True)
        for number in range(fields):
            file = folder / slide / f"{kind}-{number}.png"
            file.write_bytes(photographed(next(shelves[kind]), lamp))


def decisions(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What ``hemascope screen`` decides on each picture."""
    capsys.readouterr()
    main(["screen", *arguments, "--format", "jsonl"])
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line)["result"]["decision"] for line in lines]


def test_the_way_on_the_command_line(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ordinary = [(f"s-{place}", KINDS[(place + field) % 4], 1) for place in range(20) for field in (0, 2)]
    known = [(f"k-{place}", list(LEUKEMIA)[place % 3], 1) for place in range(9)] + [
        (f"b-{place}", "Benign", 3) for place in range(10)
    ]
    profile, proof, answers = (tmp_path / name for name in ("profile.json", "proof.json", "answers.csv"))
    photograph(dataset, tmp_path / "clipped", OVEREXPOSED, ordinary)
    photograph(dataset, tmp_path / "lower-exposure", WARM, ordinary)
    photograph(dataset, tmp_path / "known", WARM, known, start=20)
    photograph(dataset, tmp_path / "new", WARM, [("n-1", "Pre", 3), ("n-2", "Benign", 3)], start=60)
    answers.write_text("slide,answer\n" + "\n".join(f"{slide},{LEUKEMIA.get(kind, 'benign')}" for slide, kind, _ in known))

    refused = main(["commission", str(tmp_path / "clipped"), "--out", str(profile)])
    told, written = capsys.readouterr(), profile.exists()
    made = main(["commission", str(tmp_path / "lower-exposure"), "--out", str(profile)])
    before = decisions(capsys, str(tmp_path / "new"), "--profile", str(profile))
    signed = ["--microscope", "left", "--by", "account-17", "--sensitivity", "0.5", "--specificity", "0.5"]
    files = ["--profile", str(profile), "--answers", str(answers), "--out", str(proof)]
    verified = main(["verify", str(tmp_path / "known"), *files, *signed])
    after = decisions(capsys, str(tmp_path / "new"), "--profile", str(profile), "--verification", str(proof))

    assert (refused, written) == (1, False)
    assert "Lower the exposure" in told.out + told.err
    assert (made, set(before)) == (0, {"unverified"})
    assert verified == 0
    assert "confident" in after
    assert "unverified" not in after
