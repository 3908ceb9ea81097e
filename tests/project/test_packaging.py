"""What is declared in several places agrees, and a newcomer gets what was agreed on."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [Requirement(line) for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
CONSTRAINTS = [
    Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
]
PINS = {canonicalize_name(pin.name): pin for pin in CONSTRAINTS}
INSTALLER = [Requirement(line) for line in ("pip", *PYPROJECT["build-system"]["requires"])]
CUDA = ("nvidia-", "cuda-", "triton")  # torch pins these itself, where it wants them
PYTHONS = ["3.11", "3.12", "3.13"]
PLATFORMS = [
    {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": platform,
     "platform_system": system, "os_name": "posix", "implementation_name": "cpython",
     "platform_python_implementation": "CPython"}
    for version in PYTHONS
    for platform, system in (("linux", "Linux"), ("darwin", "Darwin"))
]  # fmt: skip
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
HEAVY = ("torch", "matplotlib", "ipywidgets")


def pinned_version(pin: Requirement) -> Version:
    (specifier,) = pin.specifier
    return Version(specifier.version)


def brought_along(declared: list[Requirement]) -> set[str]:
    """Names of the declared distributions and of all that they require, on any supported platform."""
    seen, queue = set(), [(canonicalize_name(need.name), extra) for need in declared for extra in ("", *need.extras)]
    while queue:
        name, extra = queue.pop()
        if (name, extra) in seen or name.startswith(CUDA):
            continue
        seen.add((name, extra))
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # belongs to another platform
            continue
        for need in map(Requirement, lines):
            if need.marker is None or any(need.marker.evaluate({**platform, "extra": extra}) for platform in PLATFORMS):
                queue += [(canonicalize_name(need.name), wanted) for wanted in ("", *need.extras)]
    return {name for name, _ in seen}


def tracked_files() -> list[Path]:
    """Paths of the files under version control, relative to the project's folder."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    paths = [Path(name) for name in listed.stdout.split("\0") if name]
    if listed.returncode or not paths:
        pytest.skip("not a git checkout")
    return [path for path in paths if (ROOT / path).exists()]


def imported_names(path: Path) -> set[str]:
    """Top-level names of the packages that a Python file imports, lazily or not."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_every_declared_dependency_has_a_pin_within_its_range():
    for need in DECLARED + INSTALLER:
        pin = PINS[canonicalize_name(need.name)]
        assert need.specifier.contains(pinned_version(pin)), f"{pin} is outside {need}"


def test_every_pin_is_one_exact_version_that_exists_everywhere():
    for pin in CONSTRAINTS:
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert not pinned_version(pin).local, f"{pin}: a local version such as +cpu exists on one machine only"
        assert not pin.name.startswith(CUDA), pin


def test_all_that_gets_installed_is_pinned_whatever_the_platform():
    assert not brought_along(DECLARED + INSTALLER) - set(PINS), "run `make constraints`"


def test_pins_can_be_installed_on_the_first_release_of_every_supported_python():
    for name, pin in PINS.items():
        try:
            needs = importlib.metadata.metadata(name)["Requires-Python"]
        except importlib.metadata.PackageNotFoundError:  # belongs to another platform
            continue
        supported = [python for python in PYTHONS if needs is None or f"{python}.0" in SpecifierSet(needs)]
        assert supported == PYTHONS, f"{pin} needs Python {needs}"


def test_makefile_and_constraints_name_the_same_torch():
    chosen = re.search(r"^TORCH\s*:=\s*(\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert PINS["torch"].specifier.contains(chosen[1])


def test_conda_installs_this_project_through_the_same_constraints():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *from_conda, from_pip = environment["dependencies"]
    python = next(line for line in from_conda if line.startswith("python="))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python.removeprefix("python="))
    assert set(from_conda) == {python, "pip"}, "a distribution named here would escape the constraints"
    index, *rest = from_pip["pip"]
    assert index == f"--extra-index-url {CPU_BUILDS}", "Binder and laptops have no room for CUDA"
    assert rest == ["-c constraints.txt", "-e .[course]"]
    assert "course" in EXTRAS


def test_the_pin_of_torch_admits_a_cpu_build_which_pip_prefers():
    pinned = pinned_version(PINS["torch"])
    cpu_build = Version(f"{pinned}+cpu")
    assert PINS["torch"].specifier.contains(cpu_build)
    assert cpu_build > pinned


def test_every_place_that_asks_for_cpu_builds_names_the_same_index():
    files = ("Dockerfile", "Makefile", ".devcontainer/devcontainer.json", ".github/workflows/tests.yml")
    for name in files:
        assert set(re.findall(r"https://download\.pytorch\.org\S*?(?=[\s\"']|$)", (ROOT / name).read_text())) == {
            CPU_BUILDS
        }


@pytest.mark.slow
def test_every_package_that_the_code_imports_is_declared():
    declared = {canonicalize_name(need.name) for need in DECLARED}
    rivals = [line for line in (ROOT / "benchmarks" / "requirements.txt").read_text().splitlines() if "==" in line]
    homes = importlib.metadata.packages_distributions()
    files = [path for folder in ("trm_nav", "scripts", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    ours = {"trm_nav", "tests", "scripts", "benchmarks", "building", *(path.stem for path in files)}
    for path in files:
        foreign = imported_names(path) - set(sys.stdlib_module_names) - ours
        if path.is_relative_to(ROOT / "benchmarks"):  # has a list of its own; those packages need not be installed
            foreign -= {Requirement(line).name.replace("-", "_") for line in rivals}
        strays = {name for name in foreign if not declared.intersection(map(canonicalize_name, homes.get(name, [])))}
        assert not strays, f"{path.relative_to(ROOT)} imports {strays}, which pyproject.toml does not declare"


@pytest.mark.parametrize(
    "command",
    [
        "-c import+trm_nav",
        "-m trm_nav.train --help",
        pytest.param("-m trm_nav.evaluate --help", marks=pytest.mark.slow),
        pytest.param("-m trm_nav.compare --help", marks=pytest.mark.slow),
        pytest.param("-m trm_nav.diagnose --help", marks=pytest.mark.slow),
        pytest.param("scripts/generate_dataset.py --help", marks=pytest.mark.slow),
    ],
)
def test_asking_for_help_loads_nothing_heavy(command):
    words = [sys.executable, "-X", "importtime", *(word.replace("+", " ") for word in command.split())]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == 0 and not said, said
    assert "--help" not in command or done.stdout.startswith("usage:")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "trm_nav" in loaded
    assert not loaded.intersection(HEAVY)


def test_top_level_holds_what_was_agreed_and_nothing_else():
    top = {path.parts[0] for path in tracked_files()}
    product = {"benchmarks", "docs", "notebooks", "scripts", "site", "tests", "trm_nav"}
    for_readers = {"README.md", "INSTRUCTORS.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"}
    installation = {"pyproject.toml", "constraints.txt", "environment.yml", "Makefile", "Dockerfile", ".dockerignore"}
    services = {".ci", ".devcontainer", ".github", ".gitattributes", ".gitignore", ".pre-commit-config.yaml"}
    agreed = product | for_readers | installation | services
    assert top <= agreed, f"tell test_packaging.py what {top - agreed} is for"
    assert agreed - top <= {".gitattributes"}


def test_an_installed_library_has_every_file_that_it_has_here():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    files = [path for path in tracked_files() if path.parts[0] == "trm_nav" and path.suffix != ".py"]
    assert Path("trm_nav/py.typed") in files, "without it, type checkers ignore the library's types"
    assert not [path for path in files if not any(path.match(pattern) for pattern in patterns)]


def test_no_tracked_file_is_larger_than_400_kb():
    large = {str(path): size for path in tracked_files() if (size := (ROOT / path).stat().st_size) > 400_000}
    assert not large
