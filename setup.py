"""Builds the engine as one C unit; without a compiler the package installs and runs interpreted.

`MMTWIN_DEBUG_ENGINE=1` also builds `_engine_debug`: bounds checks on, every exception handed up.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

DIRECTIVES = {
    "language_level": 3,
    "auto_pickle": False,
    "infer_types": True,
    "wraparound": False,
    "emit_code_comments": False,
}
WITHOUT_WARNINGS = ["-Wno-unused-function", "-Wno-unused-variable", "-Wno-unused-const-variable"]


def older(made: Path, source: Path) -> bool:
    """Whether a file was made before this changed; Cython itself looks at the engine only."""
    return made.exists() and made.stat().st_mtime < source.stat().st_mtime


def engine(name: str, checked: bool) -> list[Extension]:
    """The extension `mmtwin.mm.NAME`; `checked` turns bounds checks on.

    Assertions stay in both, since check() is made of them; those on hot paths are few.
    """
    from Cython.Build import cythonize
    from Cython.Compiler import Errors

    Errors.LEVEL = 1 if checked else 2  # 1 tells of every function of legacy_implicit_noexcept
    extension = Extension(
        f"mmtwin.mm.{name}",
        [f"src/mmtwin/mm/{name}.pyx"],
        # -O3 and strict aliasing (an array holds one type) make a fault a third cheaper.
        extra_compile_args=["-O1" if checked else "-O3", "-g1", *WITHOUT_WARNINGS],
        optional=True,
    )
    built: list[Extension] = cythonize(
        [extension],
        include_path=["src/mmtwin/mm"],
        compiler_directives={
            **DIRECTIVES,
            "boundscheck": checked,
            "initializedcheck": checked,
            "cdivision": True,
            # Without bounds checks only a failed assertion raises in a nogil function (it is
            # printed then); a check after every call would take the GIL each time.
            "legacy_implicit_noexcept": not checked,
        },
        annotate=bool(os.environ.get("MMTWIN_ANNOTATE")),
        force=older(Path(f"src/mmtwin/mm/{name}.c"), Path("setup.py")),
    )
    for ext in built:
        ext.optional = True
    return built


extensions = engine("_engine", checked=False)
if os.environ.get("MMTWIN_DEBUG_ENGINE"):
    extensions += engine("_engine_debug", checked=True)
setup(ext_modules=extensions, options={"build_ext": {"parallel": 2}})
