"""Commands on the machine as a whole."""

from __future__ import annotations

from collections.abc import Callable

from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.sysctl import DROP_CACHES

# Commands of mechanisms that are not there, and which.
WAITING = {
    "cg": "memory cgroups are", "cgsub": "memory cgroups are", "cgrm": "memory cgroups are",
    "swapon": "swap is", "swapoff": "swap is", "mkswap": "swap is",
}  # fmt: skip


class MachineCommands:
    """What the runner does to the machine itself. `run()` is true for commands that stay silent."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def run(self, verb: str, words: tuple[str, ...]) -> bool:
        """Carry out a command (OSError with the kernel's errno, NotModelledError)."""
        if verb in WAITING:
            raise NotModelledError(verb, f"{WAITING[verb]} not modelled yet")
        known: dict[str, Callable[..., None]] = {
            "sys": self.write, "drain": self.drain, "cgflush": self.nothing, "tmo": self.nothing,
            "drop": self.drop, "wait": self.wait,
        }  # fmt: skip
        known[verb](*words)
        return verb != "sys"

    def write(self, path: str, *text: str) -> None:
        """A kernel file."""
        if path.startswith("/cg/"):
            raise NotModelledError(path, "memory cgroups are not modelled yet")
        self.machine.write(path, " ".join(text))

    def drain(self) -> None:
        """Every CPU's batches of pages that wait for their list."""
        self.machine.lru.lru_add_drain_all()

    def drop(self) -> None:
        """sync(2), then everything that can be dropped."""
        sync = getattr(self.machine.page_writeback, "ksys_sync", None)
        if sync:
            sync()
        self.machine.write(DROP_CACHES, "3")

    def wait(self, ms: str) -> None:
        """The runner sleeps."""
        clock = self.machine.clock
        clock.sleep_until(clock.now() + int(ms) * 1_000_000)

    def nothing(self, *_: str) -> None:
        """What only concerns the runner: its patience, its way of reading cgroups."""
