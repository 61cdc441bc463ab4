"""Comparison of inference runtimes: ``python -m benchmarks.serving``; put ``chrt -f 20`` before it where other work runs.

All run the same float weights, converted, each in its own process, in several rounds; ratios are to Keras ``predict`` in the
same run. Runtimes that the product doesn't use are installed from ``requirements/serving.txt`` into ``build/serving``;
converted models are kept next to it. A runtime that is not available has a row that says so.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemascope.model.classifier import usable_cores
from hemascope_cli.project import artifact_folder
from training.networks.weights import FLOAT_WEIGHTS

ROOT = Path(__file__).resolve().parent.parent
BUILD, LOCK = ROOT / "build", ROOT / "requirements" / "serving.txt"
SHIPPED, REFERENCE = "LiteRT dynamic int8", "Keras predict"
WITH_EVIDENCE = "LiteRT dynamic int8, as shipped: with maps and features"


@dataclass(frozen=True)
class Row:
    """A line of the table: a runtime, a model's file, and whether the product's own interpreter runs it."""

    name: str
    runtime: str
    model: str
    ours: bool = True


ROWS = (
    Row(REFERENCE, "keras", "network.keras"),
    Row("TensorFlow SavedModel", "saved_model", "saved_model"),
    Row("ONNX Runtime fp32", "onnx", "float32.onnx", ours=False),
    Row("ONNX Runtime int8", "onnx", "int8.onnx", ours=False),
    Row("OpenVINO fp32", "openvino", "float32.xml", ours=False),
    Row("OpenVINO bf16", "openvino_bf16", "float32.xml", ours=False),
    Row("OpenVINO int8", "openvino", "int8.xml", ours=False),
    Row("LiteRT fp32", "litert", "float32.tflite"),
    Row("LiteRT fp16", "litert", "float16.tflite"),
    Row(SHIPPED, "litert", "dynamic.tflite"),
    Row("LiteRT full int8", "litert", "int8.tflite"),
    Row(WITH_EVIDENCE, "litert", "model.tflite"),
)


@dataclass(frozen=True)
class Bench:
    """Folder of the models, interpreters, and sizes of the measurement."""

    models: Path
    separate: Path
    repeat: int
    smears: int

    def run(self, row: Row, first: bool) -> dict[str, Any]:
        """Start a row's process; return what it measured, or ``error``."""
        path = self.models / row.model
        if (reason := path.with_name(f"{path.name}.error")).exists():
            return {"error": reason.read_text()}
        interpreter = Path(sys.executable) if row.ours else self.separate
        if not interpreter.exists() or not path.exists():
            return {"error": f"{interpreter if path.exists() else path.name} does not exist"}
        smears = self.smears if first else 0
        arguments = [str(argument) for argument in (path, self.models, usable_cores(), self.repeat, smears)]
        command = [str(interpreter), str(ROOT / "benchmarks" / "runtimes" / "answer.py"), row.runtime, *arguments]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        begin = time.perf_counter()
        with tempfile.TemporaryFile("w+") as problems:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=problems, text=True, env=environment) as child:
                assert child.stdout is not None
                answered = child.stdout.readline() == "answered\n"
                start = time.perf_counter() - begin
                rest = child.stdout.read()
            if child.returncode or not answered:
                problems.seek(0)
                return {"error": (problems.read().strip().splitlines() or ["no output"])[-1]}
        size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
        size += path.with_suffix(".bin").stat().st_size if path.suffix == ".xml" else 0
        found = json.loads(rest)
        return found | {"start": start, "unpacked": found["unpacked"] + size}


def separate_interpreter() -> Path:
    """Install the other runtimes, once; return their interpreter, which may not exist."""
    folder = BUILD / "serving"
    interpreter, stamp = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return interpreter
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    done = subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=False)
    if done.returncode == 0:
        stamp.write_text(wanted)
    return interpreter


def converted(artifact: Path, interpreter: Path) -> Path:
    """The artifact's network in every format, made once."""
    kind = "data set" if os.environ.get("HEMASCOPE_DATASET") else "drawn"
    makers = [ROOT / "benchmarks" / "runtimes" / f"{name}.py" for name in ("convert", "quantize")]
    sources = [artifact / FLOAT_WEIGHTS, LOCK, *makers]
    key = hashlib.sha256(b"".join(source.read_bytes() for source in sources) + kind.encode()).hexdigest()[:12]
    folder = BUILD / "serving-models" / key
    if folder.exists():
        return folder
    making = folder.with_name(f"{key}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    site_packages = next(interpreter.parents[1].glob("lib/python*/site-packages"), Path())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "layers" / "hemascope" / "python")))}
    convert = [sys.executable, "-m", "benchmarks.runtimes.convert", str(artifact), str(making), str(site_packages)]
    subprocess.run(convert, check=True, cwd=ROOT, env=environment, stdout=sys.stderr)
    if interpreter.exists():
        quantize = [str(interpreter), "-m", "benchmarks.runtimes.quantize", str(making)]
        subprocess.run(quantize, check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=sys.stderr)
    shutil.copyfile(artifact / "model.tflite", making / "model.tflite")
    making.rename(folder)
    return folder


def table(rounds: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """Lines of Markdown: medians over the rounds, and ratios of Keras in the same run."""
    heads = ("runtime", "first answer s", "x", "warm ms", "p95 ms", "x", "peak MB", "unpacked MB", "classes differ", "furthest")
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    keras = _medians(rounds[REFERENCE])
    for name, runs in rounds.items():
        median = _medians(runs)
        if "error" in median:
            lines.append(f"| {name} | not available: {median['error'][:120]} |" + " |" * (len(heads) - 2))
            continue
        ratios = {key: f"{keras[key] / median[key]:.1f}" if "error" not in keras else "" for key in ("start", "median")}
        cells = (
            f"{median['start']:.2f}",
            ratios["start"],
            f"{median['median']:.1f}",
            f"{median['p95']:.1f}",
            ratios["median"],
            f"{median['peak'] / 1e6:.0f}",
            f"{median['unpacked'] / 1e6:.0f}",
            f"{median['differing']:.0f}" if "differing" in median else "",
            f"{median['furthest']:.3f}" if "furthest" in median else "",
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def limits(rates: Mapping[str, float], milliseconds: Mapping[str, float]) -> list[str]:
    """Lines of Markdown: time of the network if it were one large matrix product, and its measured time."""
    lines = ["| arithmetic | 1e9 multiply-adds / s | time of the network's multiply-adds, ms | LiteRT, ms | ratio |"]
    lines.append("| --- " * 5 + "|")
    for kind, taken in milliseconds.items():
        least = 1e3 * rates["network"] / rates[kind]
        lines.append(f"| {kind} | {rates[kind]:.0f} | {least:.1f} | {taken:.1f} | {least / taken:.2f} |")
    return lines


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    failed = [run for run in runs if "error" in run]
    return failed[0] if failed else {key: statistics.median(run[key] for run in runs if key in run) for key in runs[0]}


def main() -> None:
    """Install, convert, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifact", type=Path, default=None)
    parser.add_argument("--rounds", type=int, default=5, help="processes of each runtime")
    parser.add_argument("--repeat", type=int, default=60, help="warm answers of each process")
    parser.add_argument("--smears", type=int, default=200, help="whose classes are compared, at most 200")
    options = parser.parse_args()
    artifact = artifact_folder(options.artifact)
    interpreter = separate_interpreter()
    bench = Bench(converted(artifact, interpreter), interpreter, options.repeat, options.smears)
    rounds: dict[str, list[dict[str, Any]]] = {row.name: [] for row in ROWS}
    for number in range(-1, options.rounds):
        for row in ROWS:
            if number < 0:  # fills the file caches, so that measured starts are alike
                Bench(bench.models, interpreter, 2, 0).run(row, first=False)
            else:
                rounds[row.name].append(bench.run(row, first=number == 0))
    kind = json.loads((bench.models / "smears.json").read_text())
    print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}; medians of {options.rounds} processes with ", end="")
    print(f"{options.repeat} warm answers each; classes other than Keras' in float, of {options.smears} {kind}\n")
    print("\n".join(table(rounds)))
    if interpreter.exists():
        command = [str(interpreter), str(ROOT / "benchmarks" / "runtimes" / "rates.py"), str(bench.models / "float32.onnx")]
        rates = json.loads(subprocess.run([*command, str(usable_cores())], stdout=subprocess.PIPE, check=True).stdout)
        taken = {kind: _medians(rounds[name])["median"] for kind, name in (("float", "LiteRT fp32"), ("int8", SHIPPED))}
        print(f"\nThe network needs {rates['network']:.2f} thousand million multiply-adds a smear.\n")
        print("\n".join(limits(rates, taken)))


if __name__ == "__main__":
    main()
