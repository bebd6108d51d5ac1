"""The check for what is private of a library finds each way to use it, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import PROJECT
from tests.checks.private import check

PRIVATE = [
    ("from starlette.routing import _DefaultLifespan", 1, "imports starlette.routing._DefaultLifespan"),
    ("import concurrent.futures._base", 1, "imports concurrent.futures._base"),
    ("from uvicorn.protocols.http import h11_impl", 1, "imports uvicorn.protocols.http.h11_impl"),
    ("import uvicorn.protocols.utils as u", 1, "imports uvicorn.protocols.utils"),
    ("from uvicorn import protocols", 1, "imports uvicorn.protocols"),
    ("def f(server):\n    return server._captured_signals", 2, "reaches for server._captured_signals"),
    ("class A:\n    def f(self):\n        self.engine._pool = 1", 3, "reaches for self.engine._pool"),
    ("class A(B):\n    def f(self):\n        super()._f()", 3, "reaches for super()._f"),
    ("def f(x):\n    return getattr(x, '_y', None)", 2, "reaches for _y"),
    ("import logging\nclass A(logging.Handler):\n    def _at(self): ...", 3, "A._at may override"),
    ("class A(dict): ...\nclass B(A):\n    async def _f(self): ...", 3, "B._f may override"),
    ("class A(Generic[T]): ...\nclass B(A[int]):\n    def _f(self): ...", 3, "B._f may override"),
    ("import pickle", 1, "uses pickle"),
    ("def f():\n    from pickle import loads", 2, "uses pickle"),
    ("import marshal, os", 1, "uses marshal"),
]

ALLOWED = """
from __future__ import annotations
import os
from .near import thing
class Own:
    def __init__(self) -> None:
        self._x = getattr(self, "y", None)
    def _f(self) -> int:
        return self._x + type(self).__name__
    @classmethod
    def _g(cls) -> int:
        return cls._y
class Child(Own):
    def _f(self) -> int: ...
class Outside(dict):
    def __missing__(self, key: str) -> int: ...
_private_of_this_module = 1
os._exit(0)
"""


@pytest.mark.parametrize(("content", "line", "fault"), PRIVATE)
def test_what_is_private_of_a_library_is_found(tmp_path: Path, content: str, line: int, fault: str) -> None:
    (tmp_path / "sound.py").write_text(ALLOWED, "utf-8")
    (tmp_path / "planted.py").write_text(content, "utf-8")
    (found,) = check([tmp_path])
    assert found.startswith(f"{tmp_path / 'planted.py'}:{line}: {fault}")


def test_what_is_ones_own_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "sound.py").write_text(ALLOWED, "utf-8")
    assert check([tmp_path]) == []


def test_the_check_ends_with_the_faults_it_found(tmp_path: Path) -> None:
    """As `make check` runs it, over several folders."""
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / "a.py").write_text(ALLOWED, "utf-8")
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "b.py").write_text("import os\n\nfrom x import _y\n", "utf-8")
    command = [sys.executable, str(PROJECT / "tests" / "checks" / "private.py")]
    for folders, code, said in (
        (["sound"], 0, ""),
        (["sound", "planted"], 1, "planted/b.py:3: imports x._y\n"),
    ):
        done = subprocess.run([*command, *folders], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (code, said)
