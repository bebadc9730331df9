"""Compiles a policy that is annotated for Cython, once; the result is kept in a cache directory.

The user's file and the page list become one extension module, with five C functions that call the
class's methods: their addresses are what the engine calls (mm/policy_calls.pyx).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from mmtwin.policy.errors import PolicyError

PAGE_LIST = Path(__file__).with_name("page_list.py")
METHODS = ("insert", "access", "evict", "remove", "hint")
_CALLS = {
    "insert": "(<{cls}>o).insert(page, argument)",
    "access": "(<{cls}>o).access(page)",
    "evict": "return (<{cls}>o).evict()",
    "remove": "(<{cls}>o).remove(page)",
    "hint": "(<{cls}>o).hint(page, argument)",
}
_HEAD = """\
# cython: language_level=3, boundscheck=False, wraparound=False, infer_types=True, auto_pickle=False
cimport cython
import numpy
include {page_list!r}
include {source!r}
report = None
"""
_FUNCTION = """
cdef unsigned long long c_{method}(
        void *o, unsigned long long page, unsigned long long argument) noexcept with gil:
    try:
        {call}
    except BaseException as e:
        report(e)
    return 0
"""
_TAIL = """
def addresses(report_error):
    global report
    report = report_error
    return ({addresses})
"""


def is_annotated(source: str) -> bool:
    """Whether a policy's file asks to be compiled."""
    return "@cython.cclass" in source


def have_compiler() -> bool:
    """Whether this host can compile at all."""
    name = os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")
    return shutil.which(name.split()[0]) is not None


def compiled(path: Path, cls: str, has_hint: bool) -> ModuleType:
    """The compiled module of a policy file (PolicyError with the compiler's first complaint)."""
    text = wrapper(path, cls, has_hint)
    name = f"mmtwin_policy_{_digest(path.read_text(), text)}"
    found = _cached(name)
    if found is None:
        found = _build(name, text)
    return _load(name, found)


def wrapper(path: Path, cls: str, has_hint: bool) -> str:
    """The extension's source."""
    calls = {m: _CALLS[m].format(cls=cls) for m in METHODS}
    if not has_hint:
        calls["hint"] = "pass"
    return (
        _HEAD.format(page_list=str(PAGE_LIST), source=str(path.resolve()))
        + "".join(_FUNCTION.format(method=m, call=call) for m, call in calls.items())
        + _TAIL.format(addresses=", ".join(f"<size_t>&c_{m}" for m in METHODS))
    )


def _digest(source: str, text: str) -> str:
    from importlib.metadata import version

    parts = (source, text, PAGE_LIST.read_text(), version("Cython"), sys.version)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mmtwin" / "policies"


def _cached(name: str) -> Path | None:
    return next(iter(_directory().glob(f"{name}.*.so")), None)


def _build(name: str, text: str) -> Path:
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension  # type: ignore[import-untyped]

    directory = _directory()
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as work:
        source = Path(work) / f"{name}.pyx"
        source.write_text(text)
        try:
            extension = Extension(name, [str(source)], extra_compile_args=["-O2", "-g0", "-w"])
            modules = cythonize([extension], quiet=True)  # type: ignore[no-untyped-call]
            command: Any = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
            command.build_lib = command.build_temp = work
            command.ensure_finalized()
            command.run()
        except Exception as e:  # Cython's, distutils' and the compiler's are of all kinds
            first = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
            raise PolicyError(f"does not compile: {first}") from e
        built = next(Path(work).glob(f"{name}.*.so"))
        target = directory / built.name
        os.replace(built, target)
    return target


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PolicyError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
