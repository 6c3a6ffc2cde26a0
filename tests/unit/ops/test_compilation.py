"""Compiled modules: used where they were made of the sources as they are, and nowhere else."""

import os
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from ops import compilation
from ops.compilation import build, tree
from ops.compilation.hot import HOT
from tests.compiled import FLAG

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") if os.environ.get(FLAG) else ".py"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a source in one package, and no tree yet."""
    monkeypatch.setattr(tree, "PROJECT", tmp_path)
    monkeypatch.setattr(tree, "TREES", tmp_path / "compiled")
    monkeypatch.setattr(tree, "RECIPE", tmp_path / "recipe")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "one.py").write_text("ONE = 1\n")
    tree.compiled_tree.cache_clear()
    yield tmp_path
    tree.compiled_tree.cache_clear()


@pytest.mark.parametrize("module", HOT)
def test_each_hot_module_is_run_in_the_form_that_this_test_run_is_about(module: str) -> None:
    assert str(import_module(module).__file__).endswith(SUFFIX)


def test_services_run_the_sources_until_they_are_compiled(project: Path) -> None:
    assert compilation.environment() == {}


def test_services_run_what_was_compiled_from_the_sources_as_they_are(project: Path) -> None:
    made = project / "compiled" / tree.digest()
    made.mkdir(parents=True)
    assert compilation.environment() == {"PYTHONPATH": str(made), "PYTHONSAFEPATH": "1"}


@pytest.mark.parametrize("change", ["an edit", "a new file", "another name"])
def test_whatever_changes_in_the_sources_leaves_stale_modules_behind(project: Path, change: str) -> None:
    (project / "compiled" / tree.digest()).mkdir(parents=True)
    source = project / "schemas" / "one.py"
    if change == "an edit":
        source.write_text("ONE = 2\n")
    elif change == "a new file":
        (project / "schemas" / "two.avsc").write_text("{}")
    else:
        source.rename(project / "schemas" / "uno.py")
    assert compilation.compiled_tree() is None


def test_what_python_caches_beside_the_sources_is_none_of_them(project: Path) -> None:
    before = tree.digest()
    (project / "schemas" / "__pycache__").mkdir()
    (project / "schemas" / "__pycache__" / "one.pyc").write_bytes(b"\0")
    assert tree.digest() == before


@pytest.mark.parametrize(
    ("written", "compiled"),
    [
        ("@dataclass(frozen=True, slots=True)\n", "@dataclass(frozen=True)\n"),
        ("@dataclass(slots=True)\n", "@dataclass()\n"),
        ("@dataclass(slots=True, eq=False)\n", "@dataclass(eq=False)\n"),
        ("    @dataclass(frozen=True)\n", "    @dataclass(frozen=True)\n"),
        ('"""About slots=True."""\n', '"""About slots=True."""\n'),
    ],
)
def test_only_the_request_for_slots_is_taken_out_of_a_source(written: str, compiled: str) -> None:
    assert build.without_slots(written) == compiled


def test_without_a_compiler_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _program: None)
    with pytest.raises(build.CompilationFailed, match="apt-get install gcc"):
        build.compile_sources()


def test_what_the_compiler_refuses_is_shown_and_leaves_no_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "TREES", tmp_path)
    monkeypatch.setattr(build, "_copy", lambda made: made.mkdir())  # with nothing in it
    with pytest.raises(build.CompilationFailed, match="pyproject"):
        build.compile_sources()
    assert list(tmp_path.iterdir()) == []
