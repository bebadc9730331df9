"""Ordinary mode: real time, virtio disks, any number of CPUs, all scenarios in one boot."""

from collections.abc import Sequence
from pathlib import Path

from oracle import OracleError
from oracle.exact import console_tail
from oracle.guest import Guest
from oracle.qemu import Boot, Machine, Qemu, wait_for, work_file

QUIET = 240.0
TOTAL = 3600.0


def boot_once(
    machine: Machine, guest: Guest, scenarios: Sequence[tuple[str, str]], events: str, work: Path
) -> bytes:
    """The answers of as many scenarios as one boot could run."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "work").write_bytes(work_file(scenarios, events))
    boot = Boot(
        kernel=guest.kernel,
        initramfs=guest.initramfs,
        files=guest.files,
        swap=guest.swap,
        answers=work / "answers",
        console=work / "console",
        work=work / "work",
    )
    boot.answers.unlink(missing_ok=True)
    with Qemu(machine.command(boot)) as qemu:
        finished = wait_for(qemu, boot.answers, b"", QUIET, TOTAL)
    answers = boot.answers.read_bytes() if boot.answers.exists() else b""
    if b"\nR\n" not in answers:
        raise OracleError(
            f"{guest.release} did not come up: {qemu.complaint()}; console: {console_tail(work)}"
        )
    return answers + (b"" if finished else b"W no end within the time limit\n")
