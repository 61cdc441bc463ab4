"""How soon a new container answers: ``python -m benchmarks.coldstart``, with the image that its Dockerfile makes.

The real runtime client is started from the image's folder, as Lambda does it, and handed one smear on the embedded cloud: once
for each repeat, in a process of its own. Where the time goes is then told by ``benchmarks.coldstart_steps`` and by the
interpreter's own watch on imports, inside the same image. Put ``chrt -f 20`` before it where other work runs.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from hemascope.aws.s3 import upload
from hemascope.domain.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.local.accounts import DEMO_HOSPITAL
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE, register_demo_microscope
from infra.settings import ROOT, Settings
from tests.e2e.dockerfile import Image, build, copy_context
from tests.e2e.runtime_api import EntryPoint
from tests.support.fakes import s3_message, s3_record, sqs_event

_PACKAGES = 12  # shown: those that take most
_WANTED = 1500.0  # milliseconds from the start to the first report, in the best of the starts
_STANDARD = {module.lstrip("_") for module in sys.stdlib_module_names}
SMEAR = encode_jpeg(draw_synthetic_smear(1))


def event(cloud: LocalCloud, file: str) -> dict[str, object]:
    """Upload a smear; return what SQS tells the function of it."""
    specimen = Specimen(hospital=DEMO_HOSPITAL, patient="synthetic", slide="cold", microscope=DEMO_MICROSCOPE, field=file)
    version = upload(cloud.client("s3"), cloud.outputs["UploadsBucket"], specimen, SMEAR)
    return sqs_event(s3_message(s3_record(version.key, version.bucket, version.version_id, len(SMEAR))))


def start_once(entry_point: EntryPoint, repeat: int) -> dict[str, float]:
    """Milliseconds of one container: until it asks for work, its first smear, its second."""
    first, second = (event(entry_point.cloud, f"{repeat}-{which}.jpg") for which in ("first", "second"))
    marks = [0.0]
    with entry_point.started() as process:
        process.api.asked.wait(60)
        marks.append(process.seconds())
        for smear_event in (first, second):
            answer = process.api.ask(smear_event)
            assert answer == {"batchItemFailures": []}, answer
            marks.append(process.seconds())
    start, cold, warm = (1000 * (end - begin) for begin, end in pairwise(marks))
    return {"start to first report": start + cold, "start": start, "first smear": cold, "second smear": warm}


def steps_once(image: Image, picture: Path) -> dict[str, float]:
    """Milliseconds of each step in a new process of the image."""
    artifact = image.task_root / "model_artifacts" / Settings().model
    command = [str(image.root / "bin" / "python"), str(ROOT / "benchmarks" / "coldstart_steps.py"), str(artifact), str(picture)]
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"), "none")
    done = subprocess.run(command, env=image.environment() | keys, cwd=image.task_root, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def package_of(line: str) -> tuple[str, float] | None:
    """Package and milliseconds of a module, from a line that Python prints of an import; None from any other line."""
    found = re.fullmatch(r"import time: +(\d+) \| +\d+ \| +(\w+).*", line)
    if not found:
        return None
    return "standard library" if found[2].lstrip("_") in _STANDARD else found[2], int(found[1]) / 1e3


def imports_once(image: Image) -> dict[str, float]:
    """Milliseconds that the modules of each package take by themselves, of all that the first report imports."""
    command = [
        str(image.root / "bin" / "python"),
        "-X",
        "importtime",
        "-c",
        "import awslambdaric.bootstrap, handler, hemascope.screening.service",
    ]
    done = subprocess.run(command, env=image.environment(), cwd=image.task_root, capture_output=True, text=True, check=True)
    taken = Counter[str]()
    for package, milliseconds in filter(None, map(package_of, done.stderr.splitlines())):
        taken[package] += milliseconds
    return dict(taken.most_common(_PACKAGES)) | {"all": taken.total()}


def show(title: str, runs: Iterable[dict[str, float]], whole: str) -> None:
    """Print medians, and their ratio to the whole."""
    runs = list(runs)
    medians = {name: statistics.median(run[name] for run in runs if name in run) for name in runs[0]}
    print(f"{title:<36} {'median ms':>10} {'worst ms':>9} {'ratio':>6}")
    for name, median in medians.items():
        print(
            f"{name:<36} {median:>10.0f} {max(run[name] for run in runs if name in run):>9.0f} {median / medians[whole]:>6.2f}"
        )
    print()


def main() -> None:
    """Build the image, start it again and again, print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=10)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = copy_context(ROOT, folder / "context", Settings().model)
        image = build(context / "lambdas/screen_smear/Dockerfile", context, folder / "image", {"MODEL": Settings().model})
        picture = folder / "smear.jpg"
        picture.write_bytes(SMEAR)
        with LocalCloud(ROOT, ROOT / "model_artifacts" / Settings().model) as cloud:
            register_demo_microscope(cloud)
            cloud.kill_worker()  # the image does the work
            entry_point = EntryPoint(image, cloud)
            containers = [start_once(entry_point, number) for number in range(repeat + 1)][1:]  # the first fills file caches
        steps = [steps_once(image, picture) for _ in range(repeat)]
        imports = [imports_once(image) for _ in range(repeat)]
        print(f"{repeat} starts, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; ", end="")
        print(f"unpacked without the base image: {image.size() / 1e6:.0f} MB\n")
    show("real container", containers, "start to first report")
    best = min(container["start to first report"] for container in containers)
    print(f"best start to first report: {best:.0f} ms, {best / _WANTED:.2f} of the {_WANTED:.0f} ms that are wanted\n")
    show("step by step, without a cloud", steps, "all")
    show("imports by package", imports, "all")


if __name__ == "__main__":
    main()
