"""Tables as plain text for the terminal or as Markdown for the docs."""

from collections.abc import Sequence

from training.evidence.metrics import Estimate


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """Lines of a table, columns padded to one width.

    Examples
    --------
    >>> print(table(("shift", "accuracy"), [("none", "99.4 %")], markdown=True))
    | shift | accuracy |
    | ----- | -------- |
    | none  | 99.4 %   |
    """
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    if markdown:
        cells = [header, ["-" * width for width in widths], *rows]
        return "\n".join(f"| {' | '.join(_padded(row, widths))} |" for row in cells)
    return "\n".join("  ".join(_padded(row, widths)).rstrip() for row in cells)


def percent(share: float) -> str:
    """A share in per cent with one decimal.

    Examples
    --------
    >>> percent(0.9936)
    '99.4 %'
    """
    return f"{100 * share:.1f} %"


def with_interval(estimate: Estimate) -> str:
    """A share with its interval, in per cent.

    Examples
    --------
    >>> with_interval(Estimate(0.994, 0.985, 1.0))
    '99.4 (98.5-100.0)'
    """
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.1f}-{100 * estimate.high:.1f})"


def signed(estimate: Estimate) -> str:
    """A margin in points with its interval.

    Examples
    --------
    >>> signed(Estimate(0.031, -0.002, 0.06))
    '+3.1 (-0.2 to +6.0)'
    """
    return f"{100 * estimate.value:+.1f} ({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
