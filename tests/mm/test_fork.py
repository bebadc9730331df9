"""Tasks: fork, clone, exec, exit, wait."""

from __future__ import annotations

import errno

import pytest

from mmtwin.machine import Machine
from mmtwin.mm.fork import CLONE_THREAD, CLONE_VM
from mmtwin.mm.rss_stat import MM_ANONPAGES
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_LOCKED,
    MAP_PRIVATE,
    RLIMIT_STACK,
)
from mmtwin.mm.vm_flags import VM_DONTCOPY, VM_LOCKED, VM_WIPEONFORK
from mmtwin.task import Task

PAGE = 4096
AT = 0x500000000
FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED


def spawn(engine: str) -> Task:
    return Machine(ram="256M", cpus=2, engine=engine).spawn("parent", pid=100)


def resident(task: Task) -> int:
    """Anonymous pages of the task, exactly."""
    return int(task.machine.rss_stat.exact(task.mm_index, MM_ANONPAGES))


def pages_in_use(machine: Machine) -> int:
    """Frames that somebody holds a reference on, the CPU's LRU batches drained."""
    machine.lru.lru_add_drain()
    return int((machine.arena.numpy("pages")["refcount"] > 0).sum())


def flag(task: Task, flags: int) -> None:
    """Set flags of the vma at AT, as madvise() does."""
    vma = task.machine.vma_tree.find_vma(task.mm_index, AT)
    task.machine.arena.vmas[vma].vm_flags |= flags


def test_a_child_has_the_same_mappings(engine: str) -> None:
    task = spawn(engine)
    task.mmap(AT, 16 * PAGE, 3, FIXED)
    task.write(AT, 4 * PAGE)
    child = task.fork(pid=101)
    assert (child.pid, child.name, child.vmas()) == (101, "parent", task.vmas())
    for total in ("total_vm", "data_vm", "stack_vm", "exec_vm", "brk", "mmap_base"):
        assert getattr(child.mm, total) == getattr(task.mm, total)
    assert resident(child) == 4 and child.min_flt == 0
    task.machine.check()


def test_dontcopy_is_left_out_and_wipeonfork_is_empty(engine: str) -> None:
    task = spawn(engine)
    task.mmap(AT, 4 * PAGE, 3, FIXED)
    task.write(AT, 4 * PAGE)
    flag(task, VM_WIPEONFORK)
    wiped = task.fork()
    assert resident(wiped) == 0 and wiped.vmas() == task.vmas()
    flag(task, VM_DONTCOPY)
    assert task.fork().mm.total_vm == task.mm.total_vm - 4
    task.machine.check()


def test_locks_are_not_inherited(engine: str) -> None:
    task = spawn(engine)
    task.mmap(AT, 4 * PAGE, 3, FIXED | MAP_LOCKED)
    child = task.fork()
    assert (task.mm.locked_vm, child.mm.locked_vm) == (4, 0)
    assert not any(v.flags & VM_LOCKED for v in child.vmas())
    task.machine.check()


def test_a_clone_with_vm_shares_the_address_space(engine: str) -> None:
    task = spawn(engine)
    other = task.clone(CLONE_VM)
    assert other.mm_index == task.mm_index and task.mm.mm_users == 2
    other.mmap(AT, PAGE, 3, FIXED)
    other.exit()
    assert any(v.start == AT for v in task.vmas())
    task.machine.check()


def test_threads_are_counted_in_one_record(engine: str) -> None:
    task = spawn(engine)
    assert task.clone(CLONE_VM | CLONE_THREAD) == task
    assert task.machine.arena.tasks[task.index].nr_threads == 2


def test_limits_are_inherited(engine: str) -> None:
    task = spawn(engine)
    task.setrlimit(RLIMIT_STACK, 1 << 20, 2 << 20)
    assert task.fork().getrlimit(RLIMIT_STACK) == (1 << 20, 2 << 20)
    with pytest.raises(OSError, match="Invalid argument"):
        task.setrlimit(RLIMIT_STACK, 2, 1)


@pytest.mark.parametrize("end, status", [("exit", 3 << 8), ("kill", 9)])
def test_a_zombie_keeps_its_status_until_it_is_reaped(engine: str, end: str, status: int) -> None:
    task = spawn(engine)
    child = task.fork()
    child.mmap(AT, 4 * PAGE, 3, FIXED)
    child.write(AT, 4 * PAGE)
    with pytest.raises(BlockingIOError):
        task.wait(child)
    getattr(child, end)({"exit": 3, "kill": 9}[end])
    assert not child.alive
    with pytest.raises(ProcessLookupError):
        child.mmap(0, PAGE, 3, FIXED)
    assert task.wait(child) == status
    assert task.machine.arena.tasks[task.index].cmin_flt == 4
    task.machine.check()


def test_exec_gives_a_fresh_address_space(engine: str) -> None:
    task = spawn(engine)
    task.mmap(AT, 4 * PAGE, 3, FIXED)
    task.write(AT, 4 * PAGE)
    task.exec_mmap("new")
    assert (task.vmas(), task.name, task.mm.total_vm) == ([], "new", 0)
    task.machine.check()


def test_fork_without_memory_fails_and_leaves_nothing(engine: str) -> None:
    task = spawn(engine)
    task.machine.write("/proc/sys/vm/overcommit_memory", "2")
    task.mmap(0, 90 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS)
    with pytest.raises(OSError, match="Cannot allocate memory") as caught:
        task.fork()
    assert caught.value.errno == errno.ENOMEM
    task.machine.check()


def test_no_page_is_left_when_all_have_exited(engine: str) -> None:
    machine = Machine(ram="64M", cpus=1, engine=engine)
    before = pages_in_use(machine)
    tasks = [machine.spawn("a")]
    for _ in range(3):
        tasks[-1].mmap(AT + len(tasks) * (1 << 30), 8 * PAGE, 3, FIXED)
        tasks[-1].write(AT + len(tasks) * (1 << 30), 8 * PAGE)
        tasks.append(tasks[-1].fork())
    for task in tasks:
        task.exit()
        task.reap()
    machine.check()
    assert pages_in_use(machine) == before
    assert machine.processes.live_mms() == []
    assert machine.overcommit.vm_memory_committed() == 0
