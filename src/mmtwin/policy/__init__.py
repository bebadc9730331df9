"""Reclaim policies of the user's own: classes with insert, access, evict and remove.

    mmtwin run TRACE --set memory.max=1G --policy s3-fifo     one that ships
    mmtwin run TRACE --set memory.max=1G --policy mine.py     the one class of a file
    policy.register("mine", Mine); policy.use(machine, "mine")

docs/policies.md says what each method is told. A class is made for each lruvec, with the number of
page frames (indices of pages are below it) and, if it says NEEDS_FUTURE, the trace's future.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmtwin.errors import did_you_mean
from mmtwin.policy import compile as _compile
from mmtwin.policy.errors import PolicyError

if TYPE_CHECKING:
    from mmtwin.machine import Machine

__all__ = ["BUILT_IN", "Policy", "PolicyError", "find", "register", "use"]

BUILT_IN = {
    "fifo": "fifo", "lru": "lru", "clock": "clock", "s3-fifo": "s3fifo", "lhd": "lhd", "opt": "opt",
}  # fmt: skip
LRU_GEN = "/sys/kernel/mm/lru_gen/enabled"
NEEDED = ("insert", "access", "evict", "remove")


@dataclass(frozen=True)
class Policy:
    """A policy by its name: the class, and the file that it may be compiled from."""

    name: str
    cls: Any
    path: Path | None = None

    @property
    def needs_future(self) -> bool:
        """Whether it wants to know what the trace will use when."""
        return bool(getattr(self.cls, "NEEDS_FUTURE", False))

    @property
    def can_compile(self) -> bool:
        """Whether its file is annotated."""
        return self.path is not None and _compile.is_annotated(self.path.read_text())


_registered: dict[str, Policy] = {}


def register(name: str, cls: Any) -> None:
    """Let `use` and `--policy` know a class by a name."""
    _checked(name, cls)
    _registered[name] = Policy(name, cls)


def find(name: str) -> Policy:
    """By registered name, shipped name or FILE.py (PolicyError)."""
    if name in _registered:
        return _registered[name]
    if name in BUILT_IN:
        return _from_file(Path(__file__).with_name(f"{BUILT_IN[name]}.py"), name)
    if name.endswith(".py"):
        return _from_file(Path(name), name)
    known = [*BUILT_IN, *_registered]
    raise PolicyError(f"no policy {name!r}{did_you_mean(name, known)}; there is {', '.join(known)}")


def _from_file(path: Path, name: str) -> Policy:
    """The one class of a file that has the methods."""
    spec = importlib.util.spec_from_file_location(f"mmtwin_policy_file_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise PolicyError(f"{path}: no such file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as e:
        raise PolicyError(f"{path}: {type(e).__name__}: {e}") from e
    classes = [
        c for c in vars(module).values()
        if isinstance(c, type) and c.__module__ == module.__name__ and hasattr(c, "evict")
    ]  # fmt: skip
    if len(classes) != 1:
        raise PolicyError(f"{path}: has {len(classes)} classes with evict(), give it one")
    _checked(str(path), classes[0])
    return Policy(name, classes[0], path)


def _checked(name: str, cls: Any) -> None:
    missing = [m for m in NEEDED if not callable(getattr(cls, m, None))]
    if missing:
        raise PolicyError(f"{name}: {cls.__name__} has no {missing[0]}()")


def use(
    machine: Machine, policy: Policy | str, future: Any = None, compiled: bool | None = None
) -> bool:
    """Let a policy decide from now on: whether it runs compiled.

    `compiled` True insists on that, False forbids it; by default what is annotated is compiled
    where the engine is and a C compiler stands by. Raises PolicyError.
    """
    found = find(policy) if isinstance(policy, str) else policy
    if found.needs_future and future is None:
        raise PolicyError(f"{found.name} needs the future: it is for replays of a trace")
    if compiled is None:
        compiled = found.can_compile and machine.arena.compiled and _have_compiler(found)
    factory = _compiled_factory(machine, found) if compiled else _factory(machine, found, future)
    machine.write(LRU_GEN, "0")  # a policy stands in for either of the kernel's own
    machine.policy.use(factory)
    return compiled


def _have_compiler(policy: Policy) -> bool:
    if _compile.have_compiler():
        return True
    print(f"mmtwin: no C compiler here: policy {policy.name} runs as plain Python", file=sys.stderr)
    return False


def _factory(machine: Machine, policy: Policy, future: Any) -> Callable[[int], Any]:
    arguments = (future,) if policy.needs_future else ()
    return lambda lruvec: policy.cls(machine.config.nr_pfns, *arguments)


def _compiled_factory(machine: Machine, policy: Policy) -> Callable[[int], Any]:
    """Instances with the addresses of their functions."""
    if policy.path is None or not policy.can_compile or not machine.arena.compiled:
        raise PolicyError(f"{policy.name}: only an annotated file on a compiled engine compiles")
    name = policy.cls.__name__
    module = _compile.compiled(policy.path, name, hasattr(policy.cls, "hint"))
    addresses = module.addresses(machine.policy.reporter())
    return lambda lruvec: (getattr(module, name)(machine.config.nr_pfns), addresses)
