"""Names: directories, mounts, and the errors of path names."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.uapi import O_CREAT, O_DIRECTORY, O_EXCL, O_RDWR, O_TRUNC
from mmtwin.task import Task

PAGE = 4096


def task(engine: str) -> Task:
    return Machine(ram="64M", cpus=1, engine=engine).spawn()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda t: t.open("/none"), errno.ENOENT),
        (lambda t: t.open(""), errno.ENOENT),
        (lambda t: t.open("/none/f", O_CREAT), errno.ENOENT),
        (lambda t: t.open("/tmp/file/f", O_CREAT), errno.ENOTDIR),
        (lambda t: t.open("/tmp/file", O_CREAT | O_EXCL), errno.EEXIST),
        (lambda t: t.open("/tmp/file", O_DIRECTORY), errno.ENOTDIR),
        (lambda t: t.open("/tmp", O_RDWR), errno.EISDIR),
        (lambda t: t.open("/tmp/" + "n" * 256, O_CREAT), errno.ENAMETOOLONG),
        (lambda t: t.pread(t.open("/tmp"), 1, 0), errno.EISDIR),
        (lambda t: t.mkdir("/tmp/file"), errno.EEXIST),
        (lambda t: t.unlink("/tmp/dir"), errno.EISDIR),
        (lambda t: t.rmdir("/tmp/file"), errno.ENOTDIR),
        (lambda t: t.rmdir("/tmp"), errno.EBUSY),
        (lambda t: t.rmdir("/"), errno.EBUSY),
        (lambda t: t.rename("/tmp/file", "/file"), errno.EXDEV),
        (lambda t: t.rmdir("/tmp/dir"), errno.ENOTEMPTY),
    ],
)
def test_what_the_kernel_refuses(engine: str, call: Callable[[Task], object], code: int) -> None:
    t = task(engine)
    t.mkdir("/tmp/dir")
    for path in ("/tmp/file", "/tmp/dir/f"):
        t.close(t.open(path, O_CREAT))
    with pytest.raises(OSError) as error:
        call(t)
    assert error.value.errno == code
    t.machine.check()


def test_dots_and_slashes_name_the_same_file(engine: str) -> None:
    t = task(engine)
    t.open("/tmp/a", O_CREAT)
    for path in ("//tmp//a", "tmp/./a", "/tmp/../tmp/a"):
        assert t.fd_path(t.open(path)) == "/tmp/a"


def test_a_renamed_file_keeps_its_pages_and_replaces_the_other(engine: str) -> None:
    t = task(engine)
    old, new = (t.open(path, O_CREAT | O_RDWR) for path in ("/tmp/old", "/tmp/new"))
    t.pwrite(old, 3 * PAGE, 0)
    t.pwrite(new, 9 * PAGE, 0)
    t.close(new)
    t.rename("/tmp/old", "/tmp/new")
    assert t.stat("/tmp/new") == 3 * PAGE
    with pytest.raises(FileNotFoundError):
        t.stat("/tmp/old")
    t.machine.check()


def test_a_directory_is_renamed_with_what_is_in_it(engine: str) -> None:
    t = task(engine)
    t.mkdir("/tmp/a")
    t.mkdir("/tmp/a/b")
    t.open("/tmp/a/b/f", O_CREAT)
    t.rename("/tmp/a", "/tmp/c")
    assert t.stat("/tmp/c/b/f") == 0


def test_o_trunc_drops_the_pages(engine: str) -> None:
    t = task(engine)
    fd = t.open("/tmp/f", O_CREAT | O_RDWR)
    t.pwrite(fd, 8 * PAGE, 0)
    inode = int(t.machine.arena.files[t.fd_file(fd)].f_inode)
    t.open("/tmp/f", O_RDWR | O_TRUNC)
    assert t.machine.arena.inodes[inode].nrpages == 0


def test_a_mapping_shows_its_files_name_and_that_it_was_removed(engine: str) -> None:
    t = task(engine)
    fd = t.open("/tmp/f", O_CREAT | O_RDWR)
    t.ftruncate(fd, 4 * PAGE)
    t.mmap_fd(0, 4 * PAGE, 3, 1, fd)
    t.close(fd)
    assert "/tmp/f\n" in t.machine.read(f"/proc/{t.pid}/maps")
    t.unlink("/tmp/f")
    assert "/tmp/f (deleted)\n" in t.machine.read(f"/proc/{t.pid}/maps")


def test_a_mount_has_a_device_of_its_own(engine: str) -> None:
    machine = Machine(ram="64M", cpus=1, engine=engine)
    machine.namespace.make_directories("/data")
    machine.namespace.mount("/data", "ext4", device=1)
    inode = machine.arena.inodes[machine.namespace.create_on_disk("/data/f", 10 * PAGE)]
    assert (inode.i_rdev, inode.i_bdev, inode.i_size) == (
        machine.arena.block_devices[1].dev,
        1,
        10 * PAGE,
    )
