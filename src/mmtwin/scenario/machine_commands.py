"""Commands on the machine as a whole."""

from __future__ import annotations

from collections.abc import Callable

from mmtwin import cgroups
from mmtwin.machine import Machine
from mmtwin.sysctl import DROP_CACHES

# Those that answer; of swap's the answer names the verb alone.
TOLD = ("sys", "cg", "cgrm", "mkswap", "swapon", "swapoff")
SWAP_DISK = "/dev/vda"


def kernel_path(path: str) -> str:
    """`/cg` is where the real kernel's runner has mounted cgroups."""
    return cgroups.ROOT + path.removeprefix("/cg") if path.startswith("/cg/") else path


class MachineCommands:
    """What the runner does to the machine itself. `run()` is true for commands that stay silent."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.flushes = False

    def run(self, verb: str, words: tuple[str, ...]) -> bool:
        """Carry out a command (OSError with the kernel's errno, NotModelledError)."""
        known: dict[str, Callable[..., None]] = {
            "sys": self.write, "drain": self.drain, "cgflush": self.cgflush, "tmo": self.nothing,
            "cg": self.cg, "cgsub": self.cgsub, "cgrm": self.cgrm, "wait": self.wait,
            "drop": self.drop, "mkswap": self.mkswap, "swapon": self.swapon,
            "swapoff": self.swapoff,
        }  # fmt: skip
        known[verb](*words)
        return verb not in TOLD

    def write(self, path: str, *text: str) -> None:
        """A kernel file."""
        self.machine.write(kernel_path(path), " ".join(map(self._disk, text)))

    def cg(self, name: str) -> None:
        """A new cgroup."""
        cgroups.mkdir(self.machine, name)

    def cgsub(self, name: str) -> None:
        """Its children get the memory controller."""
        self.machine.write(f"{cgroups.ROOT}/{name}/cgroup.subtree_control", "+memory")

    def cgrm(self, name: str) -> None:
        """Remove a cgroup."""
        cgroups.rmdir(self.machine, name)

    def cgflush(self, on: str) -> None:
        """Whether cpu.stat is read before a cgroup's files, which flushes statistics (to 6.12)."""
        self.flushes = on != "0"

    def drain(self) -> None:
        """Every CPU's batches of pages that wait for their list."""
        self.machine.lru.lru_add_drain_all()

    def drop(self) -> None:
        """sync(2), then everything that can be dropped."""
        self.machine.page_writeback.ksys_sync()
        self.machine.write(DROP_CACHES, "3")

    def wait(self, ms: str) -> None:
        """The runner sleeps."""
        clock = self.machine.clock
        clock.sleep_until(clock.now() + int(ms) * 1_000_000)

    def mkswap(self, path: str) -> None:
        """A swap header."""
        self.machine.mkswap(self._disk(path))

    def swapon(self, path: str, priority: str = "-1") -> None:
        """Swap there."""
        self.machine.swapon(self._disk(path), int(priority))

    def swapoff(self, path: str) -> None:
        """No longer."""
        self.machine.swapoff(self._disk(path))

    def _disk(self, path: str) -> str:
        """/dev/vda is the machine's first disk, whatever that is called."""
        disks = self.machine.config.disks
        return f"/dev/{disks[0].name}" if path == SWAP_DISK and disks else path

    def nothing(self, *_: str) -> None:
        """What only concerns the runner: its patience, its way of reading cgroups."""
