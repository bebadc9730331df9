"""Command lines and work files; no QEMU is started but where one is missing."""

from pathlib import Path

import pytest

from oracle import OracleError
from oracle.qemu import Boot, Machine, padded, wait_for, work_file


def boot(**more) -> Boot:
    names = ("kernel", "initramfs", "files", "swap", "answers", "console", "work", "state")
    return Boot(**{name: Path(f"/x/{name}.img") for name in names}, **more)


def test_exact_mode_counts_instructions_and_has_no_writable_disk_but_the_snapshots() -> None:
    words = " ".join(Machine().command(boot(more=("-loadvm", "ready"))))
    assert "-icount shift=2,sleep=off" in words and "clock=vm" in words and "-seed 7" in words
    assert "oracle.disks=null" in words and words.endswith("-loadvm ready")
    assert "readonly=on" in words and "swap.img" not in words
    assert "-m 1536M" in words and "size=768M" in words


def test_ordinary_mode_has_a_swap_disk_a_file_disk_and_cpus_spread_over_nodes() -> None:
    words = Machine(exact=False, cpus=2, memory_mib=1024).command(boot())
    text = " ".join(words)
    assert "-icount" not in text and text.count("virtio-blk-pci") == 2
    assert text.index("swap.img") < text.index("files.img")
    assert "node,nodeid=0,memdev=m0,cpus=0" in words and "node,nodeid=1,memdev=m1,cpus=1" in words


@pytest.mark.parametrize("words", [*(Machine().command(boot()),)])
def test_there_is_no_hardware_acceleration(words: list[str]) -> None:
    assert not any("kvm" in word for word in words)


@pytest.mark.parametrize(
    "shape",
    [
        {"cpus": 2},
        {"exact": False, "cpus": 0},
        {"exact": False, "cpus": 99},
        {"nodes": 0},
        {"nodes": 5},
        {"memory_mib": 64},
    ],
)
def test_a_machine_that_cannot_be_is_refused(shape) -> None:
    with pytest.raises(OracleError):
        Machine(**shape)


def test_work_states_the_length_of_each_scenario() -> None:
    work = work_file([("a", "scenario a\n"), ("b", "scenario b")], "mmap")
    assert work == b"RUN\n! mmap\n= a 11\nscenario a\n= b 10\nscenario b\n"


def test_work_for_a_snapshot_is_of_one_size() -> None:
    assert len(padded(b"WAIT")) == len(padded(work_file([("a", "x" * 1000)])))
    with pytest.raises(OracleError, match="longer than"):
        padded(bytes(1 << 20))


class Frozen:
    def running(self) -> bool:
        return True


def test_a_machine_that_says_nothing_is_not_waited_for_for_ever(tmp_path) -> None:
    assert not wait_for(Frozen(), tmp_path / "answers", b"", quiet=0.1, total=10)
    (tmp_path / "answers").write_bytes(b"R\n")
    assert wait_for(Frozen(), tmp_path / "answers", b"R\n", quiet=0.1, total=10)
