"""A kernel package as a guest boots it: the image out of its wrapping, and modules."""

import gzip
import lzma
import re
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from oracle import OracleError

# What scenarios use; a module that a kernel has built in, or has not at all, is passed over.
WANTED_MODULES = (
    "virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "configfs", "null_blk",
    "lzo", "lzo-rle", "lz4", "lz4hc", "zstd", "deflate", "842", "zbud", "zsmalloc", "zram",
)  # fmt: skip
# Of the kernel's configuration, what decides how its memory management behaves.
MM_OPTIONS = (
    "NUMA", "NODES_SHIFT", "NUMA_BALANCING", "LRU_GEN", "LRU_GEN_ENABLED", "LRU_GEN_WALKS_MMU",
    "ZSWAP", "ZSWAP_COMPRESSOR_DEFAULT", "ZSWAP_ZPOOL_DEFAULT", "ZSMALLOC", "ZRAM",
    "TRANSPARENT_HUGEPAGE", "TRANSPARENT_HUGEPAGE_ALWAYS", "THP_SWAP", "READ_ONLY_THP_FOR_FS",
    "HUGETLB_PAGE", "HUGETLB_PAGE_OPTIMIZE_VMEMMAP", "KSM", "DAMON", "MEMCG", "MEMCG_V1", "PSI",
    "IDLE_PAGE_TRACKING", "SLUB", "SLAB_FREELIST_RANDOM", "SHUFFLE_PAGE_ALLOCATOR",
    "INIT_ON_ALLOC_DEFAULT_ON", "COMPACTION", "MIGRATION", "CMA", "PER_VMA_LOCK", "SECRETMEM",
    "ZONE_DMA", "ZONE_DEVICE", "DEFERRED_STRUCT_PAGE_INIT", "MEM_SOFT_DIRTY", "ANON_VMA_NAME",
    "VM_EVENT_COUNTERS", "HZ", "PREEMPT_DYNAMIC",
)  # fmt: skip
SETUP_SECTORS, PAYLOAD_OFFSET, PAYLOAD_LENGTH = 0x1F1, 0x248, 0x24C
SECTOR = 512


def payload(image: bytes) -> bytes:
    """The compressed kernel in a bzImage, by the fields of its setup header."""
    if image[0x202:0x206] != b"HdrS":
        raise OracleError("the kernel package holds no bzImage")
    setup = (image[SETUP_SECTORS] + 1) * SECTOR
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    return image[setup + offset : setup + offset + length]


class Kernel:
    """One unpacked kernel package."""

    def __init__(self, tree: Path, zstd: list[str]) -> None:
        self.tree = tree
        self._zstd = zstd
        images = sorted(tree.glob("boot/vmlinuz-*"))
        if not images:
            raise OracleError(f"{tree.name} holds no kernel image")
        self.release = images[0].name.removeprefix("vmlinuz-")
        self._image = images[0]
        roots = [tree / "usr/lib/modules" / self.release, tree / "lib/modules" / self.release]
        self._modules = {
            re.sub(r"\.ko.*", "", path.name).replace("-", "_"): path
            for root in roots
            for path in root.glob("kernel/**/*.ko*")
        }

    def vmlinux(self) -> bytes:
        """The ELF image, which boots at once where the compressed one unpacks itself first."""
        data = payload(self._image.read_bytes())
        if data.startswith(b"\x1f\x8b"):
            return gzip.decompress(data)
        if data.startswith(b"\xfd7zXZ"):
            return lzma.LZMADecompressor().decompress(data)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            return self._unzstd(data)
        raise OracleError(f"{self._image.name} is compressed in a way not known here")

    def _unzstd(self, data: bytes) -> bytes:
        # What follows the frame (the unpacked length) makes zstd complain at the end.
        done = subprocess.run([*self._zstd, "-dcq"], input=data, capture_output=True, timeout=120)
        if not done.stdout:
            raise OracleError(f"zstd cannot unpack: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def _module(self, path: Path) -> bytes:
        data = path.read_bytes()
        if path.suffix == ".xz":
            return lzma.decompress(data)
        return self._unzstd(data) if path.suffix == ".zst" else data

    def modules(self, wanted: Iterable[str] = WANTED_MODULES) -> dict[str, bytes]:
        """Modules with all that they depend on, each after what it needs."""
        found: dict[str, bytes] = {}
        for name in wanted:
            self._add_module(name.replace("-", "_"), found)
        return found

    def _add_module(self, name: str, found: dict[str, bytes]) -> None:
        if name in found or name not in self._modules:
            return
        data = self._module(self._modules[name])
        for needed in dependencies(data):
            self._add_module(needed, found)
        found[name] = data

    def options(self) -> str:
        """MM_OPTIONS as the kernel was built, `NAME=value`; one that is not set is left out."""
        text = (self.tree / "boot" / f"config-{self.release}").read_text()
        built = dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.M))
        values = ((name, built[name].strip('"')) for name in MM_OPTIONS if name in built)
        return " ".join(f"{name}={value}" for name, value in values)


def dependencies(module: bytes) -> list[str]:
    """What a module's own information says that it needs, softly or not."""
    hard = re.search(rb"\0depends=([^\0]*)\0", module)
    names = hard[1].decode().split(",") if hard else []
    for soft in re.findall(rb"\0softdep=pre: ([^\0]*)\0", module):
        names += soft.decode().split("post:")[0].split()
    return [name.replace("-", "_") for name in names if name]
