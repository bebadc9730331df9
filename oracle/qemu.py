"""QEMU's command line for a chosen machine, and a QEMU as a process.

Software emulation only, one host thread, no devices but those named here.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle import OracleError

KERNEL_COMMAND_LINE = "console=ttyS0 quiet nokaslr mitigations=off panic=-1 cgroup_no_v1=all"
EXACT_COMMAND_LINE = "oracle.disks=null"
WORK_SIZE = 64 << 10
POLL = 0.05
BOOTED_BASE = "2026-01-01T00:00:00"


@dataclass(frozen=True)
class Machine:
    """What scenarios run on. `exact` is the machine whose every step repeats."""

    exact: bool = True
    cpus: int = 1
    memory_mib: int = 1536
    nodes: int = 2
    append: str = ""
    qemu: tuple[str, ...] = ("qemu-system-x86_64",)
    firmware: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.exact and self.cpus != 1:
            raise OracleError("exact mode has one CPU")
        if not 1 <= self.nodes <= 8 or self.memory_mib % self.nodes:
            raise OracleError(f"{self.memory_mib} MiB do not divide into {self.nodes} nodes")
        if not 1 <= self.cpus <= 8 or self.memory_mib < 256:
            raise OracleError("a machine has 1 to 8 CPUs and 256 MiB or more")

    def describe(self) -> str:
        each, size = self.memory_mib // self.nodes, f"{self.memory_mib / 1024:g}GiB"
        shape = f"smp{self.cpus} {size} {self.nodes} nodes ({each}M each); "
        if self.exact:
            return shape + (
                "swap=/dev/nullb0 (1 GiB null_blk, memory_backed, 20 us timer), ext4 on "
                "/dev/nullb1, read_ahead_kb=128; tcg -icount shift=2,sleep=off, clock=vm; "
                "one snapshot, a fresh QEMU a scenario"
            )
        return shape + "virtio disks (swap 1 GiB, ext4), read_ahead_kb=128; tcg, one boot"

    def _topology(self) -> list[str]:
        words = ["-smp", str(self.cpus), "-m", f"{self.memory_mib}M"]
        for node in range(self.nodes):
            cpus = [c for c in range(self.cpus) if c % self.nodes == node]
            each = self.memory_mib // self.nodes
            words += ["-object", f"memory-backend-ram,id=m{node},size={each}M"]
            words += [
                "-numa",
                f"node,nodeid={node},memdev=m{node}" + "".join(f",cpus={c}" for c in cpus),
            ]
        return words

    def command(self, boot: "Boot") -> list[str]:
        """The whole command line. Raises nothing: what it names must exist."""
        words = [
            *self.qemu,
            "-M",
            "pc",
            "-accel",
            "tcg,thread=single,tb-size=512",
            "-cpu",
            "qemu64",
        ]
        words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        for directory in self.firmware:
            words += ["-L", str(directory)]
        words += self._topology()
        command_line = KERNEL_COMMAND_LINE
        if self.exact:
            words += [
                "-icount",
                "shift=2,sleep=off",
                "-rtc",
                f"base={BOOTED_BASE},clock=vm",
                "-seed",
                "7",
            ]
            command_line += " " + EXACT_COMMAND_LINE
        words += ["-kernel", str(boot.kernel), "-initrd", str(boot.initramfs)]
        words += ["-append", f"{command_line} {self.append}".strip()]
        words += ["-serial", f"file:{boot.console}"]
        words += ["-chardev", f"file,id=answers,path={boot.answers}"]
        words += ["-device", "isa-debugcon,iobase=0xe9,chardev=answers"]
        words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        words += ["-fw_cfg", f"name=opt/oracle/work,file={boot.work}"]
        return words + boot.disks(self.exact) + list(boot.more)


@dataclass(frozen=True)
class Boot:
    """The files of one boot."""

    kernel: Path
    initramfs: Path
    files: Path
    swap: Path
    answers: Path
    console: Path
    work: Path
    state: Path | None = None
    more: Sequence[str] = field(default_factory=tuple)

    def disks(self, exact: bool) -> list[str]:
        if not exact:
            return self._disk(self.swap, "snapshot=on,cache=unsafe") + self._disk(
                self.files, "snapshot=on,cache=unsafe"
            )
        words = self._disk(self.files, "readonly=on,cache=unsafe")
        return [*words, "-drive", f"if=none,id=state,format=qcow2,cache=unsafe,file={self.state}"]

    def _disk(self, path: Path, options: str) -> list[str]:
        name = path.stem.split("-")[0]
        return [
            "-drive", f"if=none,id={name},format=raw,file.locking=off,{options},file={path}",
            "-device", f"virtio-blk-pci,drive={name}",
        ]  # fmt: skip


def work_file(scenarios: Sequence[tuple[str, str]], events: str = "") -> bytes:
    """What the runner is to do: scenarios by name, each with its text."""
    parts = ["RUN\n"]
    if events:
        parts.append(f"! {events}\n")
    for name, text in scenarios:
        parts.append(f"= {name} {len(text.encode())}\n{text}")
        if not text.endswith("\n"):
            parts.append("\n")
    return "".join(parts).encode()


def padded(work: bytes) -> bytes:
    """Of one size always, as a snapshot expects its firmware files to be."""
    if len(work) > WORK_SIZE:
        raise OracleError(f"a scenario of {len(work)} bytes is longer than {WORK_SIZE}")
    return work.ljust(WORK_SIZE, b"\0")


class Qemu:
    """A running QEMU, ended at the latest when the block ends."""

    def __init__(self, command: Sequence[str], talk: bool = False) -> None:
        words = [*command, "-qmp", "stdio"] if talk else [*command, "-monitor", "none"]
        pipe = subprocess.PIPE if talk else subprocess.DEVNULL
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.PIPE)
        self._talk = talk

    def __enter__(self) -> "Qemu":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def running(self) -> bool:
        return self._process.poll() is None

    def complaint(self) -> str:
        """What QEMU itself says, once it has ended."""
        text = self._process.stderr.read().decode(errors="replace") if self._process.stderr else ""
        return " / ".join(text.strip().splitlines()[-3:]) or f"exit {self._process.returncode}"

    def ask(self, command: str, **arguments: Any) -> Any:
        """One command of QEMU's machine protocol; its errors become OracleError."""
        assert self._process.stdin and self._process.stdout
        line = json.dumps({"execute": command, "arguments": arguments}) + "\n"
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        while answer := self._process.stdout.readline():
            message = json.loads(answer)
            if "error" in message:
                raise OracleError(f"QEMU: {command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
        raise OracleError(f"QEMU ended at {command}: {self.complaint()}")


def wait_for(qemu: Qemu, answers: Path, seen: bytes, quiet: float, total: float) -> bool:
    """Until `seen` is among the answers (or QEMU has ended): False when neither came.

    `quiet` is how long the answers may stand still, `total` how long it may take, in s.
    """
    start = changed = time.monotonic()
    size = 0
    while qemu.running():
        data = answers.read_bytes() if answers.exists() else b""
        if seen and seen in data:
            return True
        now = time.monotonic()
        if len(data) != size:
            size, changed = len(data), now
        if now - changed > quiet or now - start > total:
            return False
        time.sleep(POLL)
    return True
