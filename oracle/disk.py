"""The file disk: ext4 with files that scenarios read, made on the host without mounting."""

import os
import shutil
import struct
from pathlib import Path

from oracle.packages import Packages
from oracle.shell import run

FILES = {"f16m": 16, "f64m": 64, "f64b": 64}  # MiB
SIZE_MIB = 176
PAGE = 4096
FEATURES = (  # what mke2fs has by default, without asking the host's configuration
    "none", "has_journal", "ext_attr", "resize_inode", "dir_index", "filetype", "extent", "64bit",
    "flex_bg", "sparse_super", "large_file", "huge_file", "dir_nlink", "extra_isize",
    "metadata_csum",
)  # fmt: skip
IDENTITY = "6d6d7477-696e-4f72-8163-6c6500000001"


def write_pages(path: Path, mib: int) -> None:
    """No two pages alike and none of zeros, so that nothing becomes a hole."""
    with path.open("wb") as file:
        for number in range(mib * 256):
            file.write(struct.pack("<Q", number + 1) * (PAGE // 8))


def file_disk(packages: Packages, directory: Path) -> Path:
    image = directory / f"files-{len(FEATURES)}.img"
    if image.exists():
        return image
    content = directory / "content"
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir(parents=True)
    for name, mib in FILES.items():
        write_pages(content / name, mib)
    part = image.with_suffix(".part")
    with part.open("wb") as file:
        file.truncate(SIZE_MIB << 20)
    options = ["-F", "-q", "-t", "ext4", "-b", str(PAGE), "-N", "8192", "-m", "0", "-J", "size=4"]
    options += ["-I", "256", "-O", ",".join(FEATURES)]
    options += ["-U", IDENTITY, "-d", str(content)]
    options += ["-E", f"hash_seed={IDENTITY},lazy_itable_init=0,lazy_journal_init=0,nodiscard"]
    run(
        [*packages.program("mke2fs"), *options, part],
        env={**os.environ, "E2FSPROGS_FAKE_TIME": "1", "MKE2FS_CONFIG": "/dev/null"},
    )
    shutil.rmtree(content)
    part.rename(image)
    return image


def empty_disk(directory: Path, name: str, mib: int) -> Path:
    path = directory / name
    if not path.exists():
        with path.open("wb") as file:
            file.truncate(mib << 20)
    return path
