"""Exact mode: boot once, keep the machine as it then is, start every scenario from there.

Time is counted in instructions and the disks lie in the guest's memory, so no timing of the
host enters: a scenario run twice from one snapshot gives the same answers bit for bit.
"""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from oracle import OracleError
from oracle.guest import Guest
from oracle.packages import Packages
from oracle.qemu import Boot, Machine, Qemu, padded, wait_for, work_file
from oracle.shell import run

SNAPSHOT = "ready"
BOOT_QUIET, BOOT_TOTAL = 400.0, 600.0
RUN_QUIET, RUN_TOTAL = 240.0, 600.0
WAITING = padded(b"WAIT")


def _boot_files(guest: Guest, directory: Path, state: Path, more: Sequence[str] = ()) -> Boot:
    return Boot(
        kernel=guest.kernel,
        initramfs=guest.initramfs,
        files=guest.files,
        swap=guest.swap,
        answers=directory / "answers",
        console=directory / "console",
        work=directory / "work",
        state=state,
        more=more,
    )


def console_tail(directory: Path) -> str:
    console = directory / "console"
    lines = console.read_text(errors="replace").split("\n") if console.exists() else []
    return " / ".join(line.strip() for line in lines if line.strip())[-300:] or "nothing"


def take_snapshot(
    machine: Machine, guest: Guest, packages: Packages, cache: Path, work: Path
) -> Path:
    """The snapshot's file: from the cache, or from a boot (its answers' head beside it)."""
    kept = cache / "snapshots" / guest.snapshot_name(machine)
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    state = work / "state.qcow2"
    run([*packages.program("qemu-img"), "create", "-q", "-f", "qcow2", state, "1G"])
    (work / "work").write_bytes(WAITING)
    boot = _boot_files(guest, work, state)
    with Qemu(machine.command(boot), talk=True) as qemu:
        qemu.ask("qmp_capabilities")
        ready = wait_for(qemu, boot.answers, b"\nR\n", BOOT_QUIET, BOOT_TOTAL)
        if not ready or not qemu.running():
            said = "hangs" if qemu.running() else qemu.complaint()
            raise OracleError(
                f"{guest.release} did not come up: {said}; console: {console_tail(work)}"
            )
        qemu.ask("stop")
        said = qemu.ask("human-monitor-command", **{"command-line": f"savevm {SNAPSHOT}"})
        if said.strip():
            raise OracleError(f"QEMU cannot take a snapshot: {said.strip()}")
        qemu.ask("quit")
    kept.with_suffix(".head").write_bytes(boot.answers.read_bytes())
    part = Path(shutil.move(state, kept.with_suffix(".part")))
    part.rename(kept)
    return kept


def run_one(
    machine: Machine, guest: Guest, state: Path, scenario: tuple[str, str], events: str, work: Path
) -> bytes:
    """A scenario's answers from the snapshot in `state`."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "work").write_bytes(padded(work_file([scenario], events)))
    boot = _boot_files(guest, work, state, ("-loadvm", SNAPSHOT))
    boot.answers.unlink(missing_ok=True)
    with Qemu(machine.command(boot)) as qemu:
        finished = wait_for(qemu, boot.answers, b"", RUN_QUIET, RUN_TOTAL)
        note = b"" if finished else b"W no end within the time limit\n"
    answers = boot.answers.read_bytes() if boot.answers.exists() else b""
    if not answers:
        raise OracleError(f"{scenario[0]}: the snapshot did not run: {qemu.complaint()}")
    return answers + note


def run_all(
    machine: Machine,
    guest: Guest,
    snapshot: Path,
    scenarios: Sequence[tuple[str, str]],
    events: Callable[[str], str],
    jobs: int,
    work: Path,
) -> list[bytes]:
    """Each scenario in a QEMU of its own, `jobs` at a time, answers in the given order."""
    head = snapshot.with_suffix(".head").read_bytes()
    states: SimpleQueue[Path] = SimpleQueue()
    work.mkdir(parents=True, exist_ok=True)
    for number in range(min(jobs, len(scenarios))):
        states.put(Path(shutil.copy(snapshot, work / f"state{number}.qcow2")))

    def one(scenario: tuple[str, str]) -> bytes:
        state = states.get()
        try:
            directory = work / scenario[0]
            return head + run_one(machine, guest, state, scenario, events(scenario[0]), directory)
        finally:
            states.put(state)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, scenarios))
