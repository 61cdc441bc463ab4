"""Template snapshots: ``python -m infra.snapshot`` writes what ``app.py`` synthesizes with default settings.

The local cloud is created from the snapshots, so it needs neither Node nor CDK. A test compares them with a fresh synthesis.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from infra.settings import ROOT, Settings

FOLDER = ROOT / "infra" / "templates"
STACKS = {
    name.lower(): Settings().stack(name)
    for name in ("Ingest", "Screening", "Notification", "Portal", "Archive", "Operator", "Devices", "Observability")
}
# Hashes of assets (64 digits) and of the function's version, whose logical id ends with a hash of its content.
_HASH = re.compile(r"[0-9a-f]{64}|(?<=CurrentVersion)[0-9A-F]{8}[0-9a-f]{32}")


def synthesize(settings: Settings, outdir: Path) -> Path:
    """Synthesize all stacks into a folder and return it."""
    from app import build_app

    return Path(build_app(settings, str(outdir)).synth().directory)


def read_snapshots(assembly: Path) -> dict[str, str]:
    """Return the templates of a cloud assembly by stack, in the form in which they are committed.

    Asset hashes are replaced by zeros, since they change with every line of code. Sections that only CDK's bootstrap reads
    are removed.
    """
    return {name: _scrub(json.loads((assembly / f"{stack}.template.json").read_text())) for name, stack in STACKS.items()}


def _scrub(template: dict[str, Any]) -> str:
    for unneeded in ("Parameters", "Rules", "Conditions"):
        template.pop(unneeded, None)
    resources = {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] != "AWS::CDK::Metadata"
    }
    text = json.dumps(template | {"Resources": resources}, indent=1, sort_keys=True)
    return _HASH.sub(lambda found: "0" * len(found[0]), text) + "\n"


def main() -> None:
    """Write the snapshots."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in read_snapshots(synthesize(Settings(), Path(folder))).items():
            path = FOLDER / f"{name}.template.json"
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
