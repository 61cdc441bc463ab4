"""``make fuzz``: thousands of damaged files and messages; prints a table of their ends, and fails where one is a finding."""

import argparse
import os
import sys

from tests.fuzz.damage import damaged_file
from tests.fuzz.messages import damaged_message
from tests.fuzz.sandbox import run_all, table
from tests.fuzz.tries import handle_messages, screen_files


def main() -> int:
    """Run both, or write one input of a finding to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--write-file", type=int, metavar="NUMBER", help="only write this damaged file")
    parser.add_argument("--write-message", type=int, metavar="NUMBER", help="only write this damaged message")
    options = parser.parse_args()
    if options.write_file is not None:
        sys.stdout.buffer.write(damaged_file(options.write_file)[1])
        return 0
    if options.write_message is not None:
        sys.stdout.buffer.write(damaged_message(options.write_message)[1].encode(errors="surrogatepass"))
        return 0
    ends = []
    for title, make, count in (("files", screen_files, options.files), ("messages", handle_messages, options.messages)):
        these = run_all(make, range(count), options.processes)
        print(f"{count:,} damaged {title}\n{table(these)}\n", flush=True)
        ends += [(title, end) for end in these if end.finding]
    for title, end in ends:
        print(f"finding in {title}: number {end.number}, {end.finding}")
    return 1 if ends else 0


if __name__ == "__main__":
    sys.exit(main())
