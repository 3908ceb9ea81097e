"""What a contributor meets: workflows, commands, hooks and documents agree with each other and with the code."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import trm_nav

ROOT = Path(__file__).parents[2]
DOCTOR = ROOT / "scripts" / "doctor.py"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
YAML_FILES = [
    *sorted((ROOT / ".github").rglob("*.yml")),
    ROOT / ".pre-commit-config.yaml",
    ROOT / "CITATION.cff",
    ROOT / "environment.yml",
]
SET_UP_ACTIONS = {
    "actions/checkout", "actions/setup-python", "actions/upload-artifact", "actions/upload-pages-artifact",
    "actions/deploy-pages",
}  # fmt: skip
SCREEN = (24, 132)  # lines and columns of a terminal that is neither small nor large
# What GitHub's schema for an issue form requires of each kind of field.
FORM_FIELDS = {"textarea", "input", "dropdown"}


def make_targets() -> dict[str, str]:
    """Names of the targets that a person types, with the explanation that `make help` prints."""
    makefile = (ROOT / "Makefile").read_text()
    return dict(re.findall(r"^([a-z-]+):[^=\n]*## (.+)$", makefile, re.MULTILINE))


def steps(path: Path) -> list[dict]:
    return [step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"]]


def run_doctor(*python: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*python, str(DOCTOR)], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_yaml_files_parse(path):
    assert isinstance(yaml.safe_load(path.read_text()), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_only_set_up_and_call_make(path):
    for step in steps(path):
        if "uses" in step:
            action, _, version = step["uses"].partition("@")
            assert action in SET_UP_ACTIONS
            assert version
        else:
            command, target, *_ = step["run"].split()
            assert command == "make"
            assert target in make_targets()
            assert "inputs." not in step["run"], "what a person types in must not become part of a command"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_only_read_and_end_by_themselves(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_workflows_test_the_oldest_and_the_newest_versions_that_we_support():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    matrix = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]["tests"]["strategy"][
        "matrix"
    ]
    oldest_torch = next(re.search(r">=([\d.]+)", line)[1] for line in project["dependencies"] if "torch" in line)
    pinned_torch = re.search(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[1]
    torch_of = {entry["python"]: entry["torch"] for entry in matrix["include"] if "torch" in entry}
    oldest_python, newest_python = matrix["python"]
    assert f">={oldest_python}" == project["requires-python"]
    assert torch_of[oldest_python].startswith(f"{oldest_torch}.")
    assert torch_of[newest_python] == pinned_torch
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos"}


def test_issue_forms_ask_questions_that_github_understands():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        if path.name == "config.yml":
            continue
        assert form["name"] and form["description"]
        fields = [field["id"] for field in form["body"]]
        assert len(fields) == len(set(fields))
        assert {field["type"] for field in form["body"]} <= FORM_FIELDS
        assert all(field["attributes"]["label"] for field in form["body"])


def test_development_container_installs_with_make_and_shows_jupyterlab():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    command, target, *_ = container["postCreateCommand"].split()
    assert command == "make" and target in make_targets()
    assert 8888 in container["forwardPorts"]


def test_docker_image_runs_as_an_ordinary_user_that_binder_may_name():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert {"ARG NB_USER", "ARG NB_UID"} <= {line.partition("=")[0] for line in lines}
    assert [line for line in lines if line.startswith("USER ")] == ["USER ${NB_USER}"]
    assert any("${JUPYTERHUB}" in line for line in lines)


def test_make_help_lists_every_target_that_a_person_may_type():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    assert set(phony) == set(make_targets())
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target, explanation in make_targets().items():
        assert re.search(rf"^  make {target} +{re.escape(explanation)}$", shown, re.MULTILINE), target


def test_documents_name_only_make_targets_that_exist():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / ".github").rglob("*.md")]
    documents += [*(ROOT / ".github").rglob("*.yml"), ROOT / "notebooks" / "README.md", DOCTOR]
    for path in documents:
        named = re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(), re.MULTILINE)
        assert set(named) <= set(make_targets()), path.name


def test_contributing_explains_every_target():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert not [target for target in make_targets() if f"make {target}" not in text and target != "help"]


def test_hooks_run_the_same_tools_as_make_lint():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert all(hook["language"] == "system" for hook in hooks), "constraints.txt alone decides on versions"
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    for tool in ("ruff format", "ruff check", "mypy", "lint-imports", "codespell"):
        assert tool in lint
        assert any(tool in hook["entry"] for hook in hooks), tool


def test_citation_and_changelog_are_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == "MIT"
    assert str(citation["version"]) == trm_nav.__version__
    released = str(citation["date-released"])
    assert f"\n## [{trm_nav.__version__}] - {released}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_documents_link_to_files_that_exist():
    for path in [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.slow  # it imports PyTorch
def test_doctor_finds_this_environment_fit_and_fills_one_screen_at_most():
    done = run_doctor(sys.executable)
    assert done.returncode == 0, done.stdout
    assert not done.stderr
    lines = done.stdout.splitlines()
    rows, columns = SCREEN
    assert len(lines) <= rows
    assert max(map(len, lines)) <= columns
    assert not [line for line in lines if line.startswith("MISSING")]


def test_doctor_without_any_package_says_what_is_missing_and_what_to_do():
    done = run_doctor(sys.executable, "-I", "-S")
    assert done.returncode == 1
    assert not done.stderr
    missing = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("MISSING")}
    assert {"torch", "numpy", "jupyterlab", "ipywidgets", "papermill", "matplotlib"} <= missing
    assert "make setup" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(("limit", "said"), [("3", "OMP_NUM_THREADS=3"), ("", "not limited")])
def test_doctor_says_whether_threads_are_limited(limit, said):
    done = run_doctor(sys.executable, "-I", "-S", OMP_NUM_THREADS=limit)
    assert said in next(line for line in done.stdout.splitlines() if "cores" in line)


@pytest.mark.slow  # it imports PyTorch
def test_doctor_names_a_browser_and_tools_that_are_not_there_as_notes_only():
    done = run_doctor(sys.executable, PATH="/nonexistent")
    assert done.returncode == 0, "the lessons need neither git nor make nor a browser"
    notes = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("note")}
    assert {"git", "make", "Chromium"} <= notes
