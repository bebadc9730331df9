"""Everything a boot needs, made once for a kernel and kept in the cache."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from oracle import disk, initramfs
from oracle.kernel import Kernel
from oracle.packages import Packages, find_program
from oracle.qemu import Machine

SWAP_MIB = 1024


@dataclass(frozen=True)
class Guest:
    """The files that a machine boots from, and a name that changes whenever they do."""

    release: str
    kernel: Path
    initramfs: Path
    files: Path
    swap: Path
    identity: str
    options: str

    def snapshot_name(self, machine: Machine) -> str:
        words = f"{self.identity} {machine}".encode()
        return f"{self.release}-{hashlib.sha256(words).hexdigest()[:16]}.qcow2"


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(f".part{os.getpid()}")
    part.write_bytes(data)
    part.rename(path)


def prepare(packages: Packages, wanted: str, cache: Path) -> Guest:
    """Downloads, unpacks, compiles and builds what is missing."""
    tools = packages.tools_tree()
    kernel = Kernel(packages.kernel_tree(wanted), packages.program("zstd"))
    images = cache / "images"
    images.mkdir(parents=True, exist_ok=True)
    elf = images / f"vmlinux-{kernel.release}"
    if not elf.exists():
        _write(elf, kernel.vmlinux())
    busybox = find_program(tools, "busybox").read_bytes()
    programs = initramfs.compile_runner(cache / "build")
    data = initramfs.build(kernel.modules(), busybox, programs, disk.SIZE_MIB)
    digest = hashlib.sha256(data).hexdigest()[:16]
    root = images / f"initramfs-{kernel.release}-{digest}"
    if not root.exists():
        _write(root, data)
    files = disk.file_disk(packages, images)
    swap = disk.empty_disk(images, "swap.img", SWAP_MIB)
    identity = f"{kernel.release} {digest}"
    return Guest(kernel.release, elf, root, files, swap, identity, kernel.options())
