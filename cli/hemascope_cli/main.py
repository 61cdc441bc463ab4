"""``hemascope``: the same pipeline as the cloud's, from a terminal."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hemascope.domain.errors import HemascopeError
from hemascope_cli.commands.microscope import add_microscope
from hemascope_cli.commands.operations import add_operations
from hemascope_cli.commands.review_operations import add_review_operations


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors of ours are one line on stderr and exit status 1."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except HemascopeError as error:
        print(f"hemascope: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `hemascope screen ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    parser = argparse.ArgumentParser(prog="hemascope", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    screen = commands.add_parser("screen", help="judge pictures: files, or folders with all below them")
    screen.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    screen.add_argument("--format", choices=("text", "json", "jsonl"), default="text")
    screen.add_argument("--out", type=Path, metavar="DIR", help="write segmented pictures and overlays there")
    _artifact(screen)
    screen.set_defaults(run=_screen)

    slide = commands.add_parser("slide", help="state what all fields of one slide say together")
    slide.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="pictures, folders of them, or reports (.json, .jsonl)"
    )
    slide.add_argument("--format", choices=("text", "json"), default="text")
    slide.add_argument("--language", default="en", help="of the artifact's words (default: en)")
    _artifact(slide)
    slide.set_defaults(run=_slide)

    commission = commands.add_parser(
        "commission", help="say whether the model may be used with a microscope, from its pictures"
    )
    commission.add_argument("folder", type=Path, metavar="DIR", help="pictures of ordinary smears, at least 30")
    commission.add_argument("--out", type=Path, metavar="FILE", help="write the acquisition fingerprint there, as JSON")
    _artifact(commission)
    commission.set_defaults(run=_commission)

    selfcheck = commands.add_parser("selfcheck", help="replay the golden predictions of an artifact")
    _artifact(selfcheck)
    selfcheck.set_defaults(run=_selfcheck)

    schemas = commands.add_parser("schemas", help="write the JSON Schemas of report, summary and manifest")
    schemas.add_argument("folder", type=Path, nargs="?", default=Path("docs/contracts"))
    schemas.set_defaults(run=_schemas)

    local = commands.add_parser("local", help="run the whole service on this machine until Ctrl-C")
    local.add_argument("--port", type=int, default=4566, help="of the embedded cloud, on loopback")
    local.add_argument("--pages", type=int, default=8080, metavar="PORT", help="of the portal's pages, on loopback")
    _artifact(local)
    local.set_defaults(run=_local)

    demo = commands.add_parser("demo", help="send one smear through the whole service on this machine")
    demo.add_argument("--smear", type=Path, help="a picture of yours (default: a drawn, synthetic smear)")
    demo.add_argument("--out", type=Path, default=Path("out/demo"), metavar="DIR", help="where reports and pictures go")
    _artifact(demo)
    demo.set_defaults(run=_demo)

    upload = commands.add_parser("upload", help="upload pictures into the bucket of a running service")
    upload.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    upload.add_argument("--bucket", required=True)
    for name in ("hospital", "patient", "slide"):
        upload.add_argument(f"--{name}", required=True, help="pseudonymous id")
    upload.add_argument("--endpoint", help="of an embedded cloud, such as http://127.0.0.1:4566")
    upload.set_defaults(run=_upload)

    add_microscope(commands)
    add_operations(commands)
    add_review_operations(commands)
    return parser


def _artifact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--artifact", type=Path, metavar="DIR", help="model artifact (default: the newest of the project)")


# Each command imports what it needs when it runs: `hemascope screen` must not wait for the embedded cloud.


def _screen(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.screen import screen_paths

    return screen_paths(options.paths, options.format, options.out, options.artifact)


def _slide(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.slide import report_paths

    return report_paths(options.paths, options.format, options.artifact, options.language)


def _commission(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.commission import commission_folder

    return commission_folder(options.folder, options.out, options.artifact)


def _selfcheck(options: argparse.Namespace) -> int:
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from hemascope.screening.selfcheck import replay
    from hemascope_cli.project import artifact_folder

    folder = artifact_folder(options.artifact)
    print(f"selfcheck: {replay(Classifier(load_artifact(folder)))} golden predictions of {folder} agree")
    return 0


def _schemas(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.schemas import write_schemas

    print(*write_schemas(options.folder), sep="\n")
    return 0


def _local(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.serve import serve

    return serve(options.port, options.pages, options.artifact)


def _demo(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.demo import demo

    return demo(options.smear, options.out, options.artifact)


def _upload(options: argparse.Namespace) -> int:
    from hemascope_cli.commands.upload import upload_paths

    return upload_paths(options)


if __name__ == "__main__":
    sys.exit(main())
