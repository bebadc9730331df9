"""The kernel image, modules and the initramfs, made of small stand-ins."""

import lzma
import shutil
import struct
import subprocess

import pytest

from oracle import OracleError, initramfs
from oracle.kernel import Kernel, dependencies, payload

MODULE = b"\x7fELF\0license=GPL\0depends=%s\0softdep=pre: crc32c post: zz\0name=x\0"


def image(data: bytes) -> bytes:
    head = bytearray(512 * 3)
    head[0x1F1] = 2
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, 0x248, 16, len(data))
    return bytes(head) + b"\xcc" * 16 + data + b"tail"


def test_the_payload_of_a_bzimage_lies_where_its_header_says() -> None:
    assert payload(image(b"the kernel")) == b"the kernel"


def test_a_file_that_is_no_bzimage_is_refused() -> None:
    with pytest.raises(OracleError, match="no bzImage"):
        payload(bytes(4096))


def test_a_module_names_what_it_needs_softly_or_not() -> None:
    assert dependencies(MODULE % b"mbcache,jbd2") == ["mbcache", "jbd2", "crc32c"]
    assert dependencies(MODULE % b"") == ["crc32c"]


@pytest.fixture
def tree(tmp_path):
    boot, modules = tmp_path / "boot", tmp_path / "usr/lib/modules/6.99/kernel/fs"
    boot.mkdir()
    modules.mkdir(parents=True)
    (boot / "vmlinuz-6.99").write_bytes(image(lzma.compress(b"ELF")))
    (modules / "ext4.ko.xz").write_bytes(lzma.compress(b"\0depends=jbd2,mb-cache\0"))
    (modules / "jbd2.ko").write_bytes(b"\0depends=\0j")
    (modules / "mb-cache.ko").write_bytes(b"\0depends=jbd2\0m")
    return tmp_path


def test_modules_come_after_what_they_need_and_missing_ones_are_passed_over(tree) -> None:
    kernel = Kernel(tree, ["false"])
    assert list(kernel.modules(["ext4", "virtio_blk"])) == ["jbd2", "mb_cache", "ext4"]
    assert kernel.release == "6.99"
    assert kernel.vmlinux() == b"ELF"


def test_the_archive_has_its_members_in_place() -> None:
    data = initramfs.archive({"init": b"#!/bin/sh\n"})
    assert data.startswith(b"070701") and len(data) % 4 == 0
    assert b"init\0" in data and b"dev/console\0" in data
    assert data == initramfs.archive({"init": b"#!/bin/sh\n"})


@pytest.mark.skipif(not shutil.which("cpio"), reason="cpio not installed to read it back")
def test_cpio_reads_the_archive(tmp_path) -> None:
    data = initramfs.archive({"bin/x": b"12345"})
    done = subprocess.run(["cpio", "-t"], input=data, capture_output=True, check=True)
    assert "bin/x" in done.stdout.decode().split()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("no C compiler")
    return initramfs.compile_runner(tmp_path_factory.mktemp("build"))


def test_the_task_program_has_eight_pages_of_text_one_of_data_four_of_bss(programs) -> None:
    task = programs[1]
    count, size = struct.unpack_from("<HH", task, 56)[0], 56
    found = []
    for number in range(count):
        kind, flags, _, address, _, filled, memory, _ = struct.unpack_from(
            "<IIQQQQQQ", task, 64 + number * size
        )
        if kind == 1:
            found.append((flags, address, filled, memory))
    assert found == [(5, 0x400000, 0x8000, 0x8000), (6, 0x408000, 0x1000, 0x5000)]


def test_the_init_script_is_told_the_size_of_the_file_disk(programs) -> None:
    data = initramfs.build({"ext4": b"x"}, b"busybox", programs, 176)
    assert b"nullb1:176" in data and b"ext4.ko\n" in data
