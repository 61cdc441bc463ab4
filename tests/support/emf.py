"""Reads CloudWatch's embedded metric format: lines of a log -> what CloudWatch would make of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Emitted:
    """One metric under one set of dimensions; ``values`` in the order in which they were counted."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    values: tuple[float, ...]


def metric_lines(log: str) -> list[dict]:
    """Every line of a log that holds metrics."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def emitted(log: str) -> Iterator[Emitted]:
    """Every metric of a log."""
    for line in metric_lines(log):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    yield Emitted(
                        directive["Namespace"],
                        metric["Name"],
                        metric["Unit"],
                        tuple((name, line[name]) for name in dimensions),
                        tuple(line[metric["Name"]]),
                    )


def values(log: str) -> dict[str, tuple[float, ...]]:
    """Values by name, of the dimension ``function`` alone."""
    found: dict[str, tuple[float, ...]] = {}
    for metric in emitted(log):
        if [name for name, _ in metric.dimensions] == ["function"]:
            found[metric.name] = found.get(metric.name, ()) + metric.values
    return found
