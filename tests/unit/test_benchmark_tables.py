"""Tables of the benchmarks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.coldstart import package_of
from benchmarks.load import Sent, deliveries_beyond_the_first, latency_table, memory_table
from benchmarks.runtimes.answer import as_pair, unpacked_bytes
from benchmarks.screening import image_variables
from benchmarks.screening import table as steps_table
from benchmarks.serving import ROWS, Bench, Row, limits, table
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def measured(start: float, median: float, **more: float) -> dict[str, float]:
    return {"start": start, "median": median, "p95": 2 * median, "peak": 100e6, "unpacked": 200e6, **more}


def sent(*latencies: float) -> Sent:
    """Smears that went out at the same moment."""
    found = Sent()
    for number, seconds in enumerate(latencies):
        version = ObjectVersion(bucket="uploads", key=f"smears/h/p/c/{number}.jpg", version_id="v1")
        found.moments[version.object_id] = START
        found.rows[version.object_id] = LedgerRow(
            object_id=version.object_id,
            model="m/1.0.0",
            state=State.REPORTED,
            object=version,
            finished_at=START + timedelta(seconds=seconds),
        )
    return found


def test_ratios_are_of_keras_in_the_same_run() -> None:
    keras = [measured(9.0, 170.0), measured(7.0, 150.0)]
    other = [measured(0.5, 10.0, differing=3, furthest=0.25), measured(0.3, 10.0)]

    lines = table({"Keras predict": keras, "another": other})

    assert lines[2] == "| Keras predict | 8.00 | 1.0 | 160.0 | 320.0 | 1.0 | 100 | 200 |  |  |"
    assert lines[3] == "| another | 0.40 | 20.0 | 10.0 | 20.0 | 16.0 | 100 | 200 | 3 | 0.250 |"


def test_a_runtime_that_is_not_available_is_a_row_that_says_so() -> None:
    lines = table({"Keras predict": [measured(8.0, 160.0)], "another": [{"error": "no such wheel"}]})

    assert lines[3].startswith("| another | not available: no such wheel |")
    assert lines[3].count("|") == lines[2].count("|")


def test_a_runtime_that_is_not_installed_is_an_error_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    bench = Bench(tmp_path, tmp_path / "no" / "python", repeat=1, smears=0)

    found = bench.run(Row("ONNX Runtime", "onnx", "model.onnx", ours=False), first=True)

    assert found == {"error": f"{tmp_path / 'no' / 'python'} does not exist"}


def test_a_format_that_could_not_be_made_is_an_error_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "int8.xml.error").write_text("ImportError: no nncf")
    bench = Bench(tmp_path, tmp_path / "python", repeat=1, smears=0)

    found = bench.run(Row("OpenVINO int8", "openvino", "int8.xml", ours=False), first=True)

    assert found == {"error": "ImportError: no nncf"}


def test_the_shipped_file_itself_is_a_row() -> None:
    assert [row.runtime for row in ROWS if row.model == "model.tflite"] == ["litert"]


def test_the_limit_is_the_networks_work_at_the_rate_of_a_matrix_product() -> None:
    lines = limits({"network": 5.0, "int8": 1000.0}, {"int8": 10.0})

    assert lines[2] == "| int8 | 1000 | 5.0 | 10.0 | 0.50 |"


def test_a_package_counts_with_what_it_requires() -> None:
    assert unpacked_bytes(("pydantic",)) > unpacked_bytes(("pydantic-core",)) > 1e6
    assert unpacked_bytes(("no-such-package",)) == 0


def test_inputs_are_what_the_network_saw_in_the_product() -> None:
    pictures = np.zeros((2, 128, 128, 3), np.uint8)
    pictures[1] = 255

    pair = as_pair(pictures)

    assert pair["original"].shape == pair["segmented"].shape == (1, 128, 128, 3)
    assert (pair["original"].max(), pair["segmented"].min(), pair["segmented"].dtype) == (0.0, 1.0, np.float32)


def test_steps_stand_beside_the_network_and_only_pictures_have_an_encoding() -> None:
    plain = {"network": [10.0, 10.0], "encoding": [0.0, 0.0], "whole": [20.0, 20.0], "peak": [150.0]}
    drawn = {"network": [10.0, 10.0], "encoding": [5.0, 5.0], "whole": [25.0, 25.0], "peak": [170.0]}

    lines = steps_table("small", {"without pictures": plain, "with all pictures": drawn})

    assert lines == [
        "| small | network | 10.00 | 10.00 | 1.00 |",
        "| small | **whole, without pictures** | 20.00 | 20.00 | 2.00 |",
        "| small | peak memory, without pictures | 150 MB | | |",
        "| small | network | 10.00 | 10.00 | 1.00 |",
        "| small | encoding | 5.00 | 5.00 | 0.50 |",
        "| small | **whole, with all pictures** | 25.00 | 25.00 | 2.50 |",
        "| small | peak memory, with all pictures | 170 MB | | |",
    ]


def test_pictures_are_timed_with_the_images_own_memory_settings() -> None:
    assert set(image_variables()) == {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}


def test_latency_runs_from_the_upload_to_the_recorded_end() -> None:
    burst, paced = sent(*range(1, 101)), sent(*[2.0] * 10)

    lines = latency_table({"burst": burst, "paced": paced})

    assert burst.throughput == pytest.approx(1.0)  # a hundred in a hundred seconds
    assert lines[2] == "| burst | 100 | 1.0 | 50.50 | 95.95 | 99.99 | 1.000 |"
    assert lines[3] == "| paced | 10 | 5.0 | 2.00 | 2.00 | 2.00 | 0.040 |"


def test_memory_is_shown_at_the_end_of_each_fifth() -> None:
    lines = memory_table({"cloud": [float(number) for number in range(1, 11)]})

    assert lines[2] == "| cloud | 2 | 4 | 6 | 8 | 10 | 10 |"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import time:      1500 |      31797 |         numpy.linalg", ("numpy", 1.5)),
        ("import time:       250 |        250 | _socket", ("standard library", 0.25)),
        ("import time: self [us] | cumulative | imported package", None),
    ],
)
def test_a_module_counts_for_its_package(line: str, expected: tuple[str, float] | None) -> None:
    assert package_of(line) == expected


def test_later_deliveries_are_counted_in_the_functions_log() -> None:
    log = '{"message": "smear done", "receives": 1}\n{"receives": 12}\nnothing\n{"receives":2}\n'

    assert deliveries_beyond_the_first(log) == 2
