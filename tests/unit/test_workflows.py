"""Workflows, forms and hooks: valid by their published schemas, with few rights, and in step with the project."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = ["image", "lint", "release", "test"]


def check(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Validate files against a schema that check-jsonschema brings along: no network."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read(path: Path) -> dict[str, Any]:
    """A YAML file; the key ``on`` is YAML's True."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module", params=WORKFLOWS)
def workflow(request: pytest.FixtureRequest, root: Path) -> dict[str, Any]:
    return read(root / ".github" / "workflows" / f"{request.param}.yml")


@pytest.mark.parametrize(
    ("schema", "pattern", "count"),
    [
        ("vendor.github-workflows", "workflows/*.yml", len(WORKFLOWS)),
        ("custom.github-workflows-require-timeout", "workflows/*.yml", len(WORKFLOWS)),
        ("vendor.dependabot", "dependabot.yml", 1),
        ("vendor.github-issue-forms", "ISSUE_TEMPLATE/[!c]*.yml", 3),
        ("vendor.github-issue-config", "ISSUE_TEMPLATE/config.yml", 1),
    ],
)
def test_every_file_is_valid_by_its_schema(root: Path, schema: str, pattern: str, count: int) -> None:
    files = sorted((root / ".github").glob(pattern))

    done = check(schema, *files)

    assert len(files) == count
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_workflow_that_github_would_refuse_is_found(tmp_path: Path) -> None:
    workflow = tmp_path / "wrong.yml"
    workflow.write_text("on: push\njobs:\n  test:\n    steps:\n      - run: make test\n")  # no runs-on

    assert check("vendor.github-workflows", workflow).returncode != 0


def test_a_workflow_may_read_the_repository_and_nothing_else(workflow: dict[str, Any]) -> None:
    wider = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}

    assert workflow["permissions"] == {"contents": "read"}
    # Only the job that creates a release writes, and it checks nothing out.
    assert wider == ({"publish": {"contents": "write"}} if workflow["name"] == "release" else {})


def test_a_newer_run_replaces_an_older_one_of_the_same_pull_request(workflow: dict[str, Any]) -> None:
    assert workflow["concurrency"]["group"] == f"{workflow['name']}-${{{{ github.ref }}}}"


def test_actions_are_githubs_own_and_pinned_and_leave_no_credentials(workflow: dict[str, Any]) -> None:
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]

    for step in steps:
        assert re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", step["uses"]), step
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_no_expression_is_expanded_inside_a_command(workflow: dict[str, Any]) -> None:
    # A branch or a tag may be named like a command; an environment variable is never executed.
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]

    assert [command for command in commands if "${{" in command] == []


def test_the_tests_run_on_the_oldest_and_the_newest_python_and_on_both_architectures(root: Path) -> None:
    matrix = read(root / ".github" / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (base,) = set(re.findall(r"^FROM public\.ecr\.aws/lambda/python:([\d.]+)", dockerfiles(root), re.MULTILINE))

    assert project["requires-python"] == f">={matrix['python'][0]}"
    assert matrix["python"][-1] == base
    assert matrix["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]


def test_every_image_is_built_on_both_architectures(root: Path) -> None:
    matrix = read(root / ".github" / "workflows" / "image.yml")["jobs"]["build"]["strategy"]["matrix"]

    assert sorted(matrix["function"]) == sorted(path.parent.name for path in root.glob("lambdas/*/Dockerfile"))
    assert matrix["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]


def test_dependabot_watches_every_dockerfile(root: Path) -> None:
    updates = {update["package-ecosystem"]: update for update in read(root / ".github" / "dependabot.yml")["updates"]}

    folders = [f"/{path.parent.relative_to(root).as_posix()}" for path in root.glob("lambdas/*/Dockerfile")]
    assert set(updates) == {"pip", "github-actions", "docker"}
    assert sorted(updates["docker"]["directories"]) == sorted(folders)


@pytest.mark.parametrize("form", ["bug", "feature", "model_behaviour"])
def test_a_form_warns_of_patient_data_and_asks_for_a_confirmation(root: Path, form: str) -> None:
    body = read(root / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml")["body"]

    assert body[0]["type"] == "markdown"
    assert "patient data" in body[0]["attributes"]["value"].lower()
    assert body[-1]["attributes"]["label"] == "Patient data"
    assert [option["required"] for option in body[-1]["attributes"]["options"]] == [True]


def test_the_hooks_are_the_projects_own_tools_and_download_nothing(root: Path) -> None:
    repositories = read(root / ".pre-commit-config.yaml")["repos"]
    hooks = {hook["id"]: hook for repository in repositories for hook in repository["hooks"]}

    assert {repository["repo"] for repository in repositories} == {"local", "meta"}
    assert {"ruff-format", "ruff-check", "mypy", "workflows"} <= set(hooks)
    assert {hook["language"] for hook in hooks.values() if "language" in hook} == {"system", "pygrep"}


def dockerfiles(root: Path) -> str:
    """The text of all Dockerfiles."""
    return "".join(path.read_text(encoding="utf-8") for path in root.glob("lambdas/*/Dockerfile"))
