"""cfn-lint over every synthesized template."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.synth


def lint(root: Path, *templates: Path) -> subprocess.CompletedProcess[str]:
    """Run cfn-lint as `make lint` does, with the settings of `.cfnlintrc.yaml`."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--", *map(str, templates)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_every_template_is_clean(assembly: Path, root: Path) -> None:
    templates = sorted(assembly.glob("*.template.json"))

    done = lint(root, *templates)

    assert templates
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_template_that_cloudformation_would_refuse_is_found(root: Path, tmp_path: Path) -> None:
    template = tmp_path / "wrong.template.json"
    template.write_text(json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "x"}}}}))

    done = lint(root, template)

    assert done.returncode != 0
    assert "E3012" in done.stdout
