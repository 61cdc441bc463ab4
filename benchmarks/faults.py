"""Fault injection: ``python -m benchmarks.faults`` uploads to the local cloud while workers and services fail.

Real handlers run in real processes. A fifth of the messages is delivered twice, in a tenth of the batches the worker is killed
at a random request (before it, after it, or before the answer to the queue), 3 % of the files are damaged, 5 % of all requests
to services fail. ``--kill-notifier`` kills between the write to the ledger and the mail instead, and only there. The run
consists of rounds, each with its own cloud; a finished round is written to a file, and the next start continues after the last
one.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.faulty_cloud import Count, Faults, run_round
from infra.settings import ROOT

# What must be zero.
_GUARANTEES = ("failed", "wrong_end", "lost", "unnotified", "double_reports", "double_mails")
# May happen once for each kill in the window that docs/reliability.md describes, and never otherwise.
_WINDOWS = {"double_topic_messages": "kills_between_topic_and_record"}


def main() -> int:
    """Run the remaining rounds and print the totals; return 1 if a guarantee is violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=5000)
    parser.add_argument("--round", type=int, default=500, help="uploads in a round")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--kill-notifier", action="store_true")
    parser.add_argument("--fresh", action="store_true", help="discard finished rounds")
    options = parser.parse_args()
    name = f"faults-{options.uploads}-{options.round}-{options.seed}{'-notifier' if options.kill_notifier else ''}.jsonl"
    progress = ROOT / "build" / name
    progress.parent.mkdir(exist_ok=True)
    if options.fresh:
        progress.unlink(missing_ok=True)
    done = [Count(**json.loads(line)) for line in _lines(progress)]
    faults = Faults(options.round, options.seed, kill_notifier=options.kill_notifier)
    for number in range(len(done), -(-options.uploads // options.round)):
        uploads = min(options.round, options.uploads - number * options.round)
        count = run_round(replace(faults, uploads=uploads, seed=options.seed + 1000 * number))
        done.append(count)
        with progress.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(count)) + "\n")
        print(f"round {number + 1}: {uploads} uploads in {count.seconds:.0f} s", file=sys.stderr, flush=True)
    return show(done)


def show(rounds: list[Count]) -> int:
    """Print the table."""
    whole = Count()
    for count in rounds:
        whole.add(count)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {len(rounds)} rounds, {whole.seconds:.0f} s")
    values = asdict(whole) | {"terminal_states": whole.reported + whole.rejected + whole.failed}
    del values["seconds"]
    broken = {name for name in _GUARANTEES if values[name]} | {
        name for name, kills in _WINDOWS.items() if values[name] > values[kills]
    }
    for name, value in values.items():
        in_window = f"  each after one of {values[_WINDOWS[name]]} kills in the window" if value and name in _WINDOWS else ""
        print(f"{name.replace('_', ' '):<32} {value:>9,}{'  BROKEN' if name in broken else in_window}")
    return int(bool(broken or values["terminal_states"] != whole.uploads))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


if __name__ == "__main__":
    sys.exit(main())
