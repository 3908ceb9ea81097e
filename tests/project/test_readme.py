"""README.md says what is true: its tree is the repository's, its links lead somewhere, its code names what exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tracked() -> set[str]:
    """Files under version control that are there, and new ones that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this copy of the project is not a git repository")
    return {name for name in listed.splitlines() if (ROOT / name).exists()}


def paths_in_the_tree() -> set[str]:
    """The paths in the README's tree. Two spaces of indentation are one folder; a description follows `#`."""
    (block,) = re.findall(r"^```\n(trm_nav/.*?)^```", README, re.DOTALL | re.MULTILINE)
    paths, folders = set(), [""]  # folders[depth] is the folder that a line of this depth lies in
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in line.partition("#")[0].split():
            paths.add(folders[depth] + name)
            folders[depth + 1 :] = [folders[depth] + name]
    return paths


def test_every_path_in_the_tree_exists():
    missing = sorted(path for path in paths_in_the_tree() if not (ROOT / path).exists())
    assert not missing, f"the tree of README.md names what is not there: {missing}"


def test_every_module_of_the_package_is_in_the_tree():
    modules = {name for name in tracked() if name.startswith("trm_nav/") and name.endswith(".py")}
    modules = {name for name in modules if not name.endswith("__init__.py")}
    assert modules, "no modules found"
    assert sorted(modules - paths_in_the_tree()) == []


def test_every_folder_of_the_package_benchmarks_and_tests_is_in_the_tree():
    folders = set()
    for name in tracked():
        parts = name.split("/")[:-1]
        if parts and parts[0] == "trm_nav":
            folders |= {"/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1)}
        elif parts and parts[0] in ("benchmarks", "tests"):
            folders |= {"/".join(parts[:depth]) + "/" for depth in range(1, min(len(parts), 2) + 1)}
        elif parts and not parts[0].startswith("."):
            folders.add(parts[0] + "/")
    assert sorted(folders - paths_in_the_tree()) == []


def test_every_link_and_picture_leads_to_a_file():
    targets = [target for target in re.findall(r"\]\(([^)#]+)", README) if "://" not in target]
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]


def test_the_library_snippet_runs(tmp_path, monkeypatch):
    import torch

    import trm_nav
    from trm_nav.learning.run import fit, prepare
    from trm_nav.mazes import dataset
    from trm_nav.settings import DataSettings

    monkeypatch.chdir(tmp_path)
    train, val = dataset.build(DataSettings(num_train=20, num_test=10))
    dataset.save_together({"data/train.pt": train, "data/test.pt": val})
    fit(prepare(dict(train_path="data/train.pt", val_path="data/test.pt", dim=4, depth=1, epochs=5, threads=1)))
    snippet = next(code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    names: dict = {}
    exec(snippet, names)
    assert names["labels"].shape == names["actions"].shape == (1000, 8, 8)
    assert names["labels"].dtype == names["actions"].dtype == "uint8"
    assert names["finding"].name and isinstance(names["model"], torch.nn.Module)
    assert set(re.findall(r"trm_nav\.(\w+)\(", snippet)) <= set(trm_nav.__all__)


def test_commands_of_the_package_and_of_the_repository_exist():
    for module in re.findall(r"python -m ((?:trm_nav|benchmarks)[\w.]*)", README):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module
    for script in re.findall(r"python ((?:scripts|benchmarks)/[\w/]+\.py)", README):
        assert (ROOT / script).exists(), script
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named and named <= targets
