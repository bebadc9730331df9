"""The machine that answered, its runner, and the program that every task of a scenario runs.

    0x00400000  text, 8 pages          of a file in tmpfs
    0x00408000  data, 1 page           private copy of it
    0x00409000  bss, 4 pages
    0x0040d000  heap, from here
    0x10000000  control area, 128 pages of a tmpfs file that the runner holds too
    ...         vvar, vdso, stack

The places are what exec and mmap give them. Before its first command a task has touched all of it
(stack: three pages), so that a command's faults are its own: settle().
"""

from __future__ import annotations

import errno
import re
from functools import partial

from mmtwin import cgroups
from mmtwin.elf_image import ElfImage, Segment
from mmtwin.machine import Machine
from mmtwin.mm.content import CONTENT_SHIFT, CONTENT_ZERO
from mmtwin.mm.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL
from mmtwin.mm.memcg_slab import SLAB_CRED
from mmtwin.mm.mmu_gather import NO_DRAIN_IN_UNMAP
from mmtwin.mm.page_flags import PG_referenced
from mmtwin.mm.pgtable_types import PTE_PFN_MASK
from mmtwin.mm.uapi import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MAP_SHARED,
    O_CREAT,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.mm.vm_flags import VM_NORESERVE, VM_RAND_READ, VM_SEQ_READ
from mmtwin.scenario import guest_memory
from mmtwin.scenario.errors import ScenarioError
from mmtwin.task import FILL_KINDS, Killed, Task
from mmtwin.task_handle import os_error
from mmtwin.units import PAGE_SHIFT, PAGE_SIZE
from mmtwin.vfs.paths import set_path

TEXT, TEXT_PAGES = 0x400000, 8
DATA, DATA_PAGES = 0x408000, 5
SIGNAL_STACK, SIGNAL_STACK_PAGES = 0x40A000, 2  # in bss
CONTROL, CONTROL_PAGES = 0x10000000, 128
STACK_TOP, STACK_PAGES = 0x7FFFFFFFF000, 3
# Private pages that a new child writes to before it executes the program, and its parent meanwhile.
CHILD_PAGES, PARENT_PAGES = 3, 2
ARGUMENT_COPIES = 3  # get_arg_page() for the name, the environment and the arguments: FOLL_TOUCH
FILE_SIZE = (TEXT_PAGES + 1) * PAGE_SIZE
BINPRM_BUF_SIZE = 256  # of a file, which execve reads first

# As every scenario finds it: no page is huge unasked, but the kernel keeps 66 MB free for such.
THP_MADVISE = 1

# What boot and compaction left in the stock of the machine's first CPU, in its own node: pages that
# can be moved (so many are allocated before the first refill), and zoneinfo's count. A boot is not
# modelled, so this is measured, with the machine of exact mode.
EXACT_NODES = [196608, 196608]
STOCK = {601: (547, 2887), 612: (1318, 10066)}

# Also left by a boot, of 6.1: the CPU's slab page of 16-byte objects, of which a security blob of
# credentials is one, lies on node 1 (memory.numa_stat after a spawn has 24 bytes there).
CRED_BLOB_ON_NODE_1 = (1, 1)  # part of SLAB_CRED, node

DROP_CACHES = "/proc/sys/vm/drop_caches"
LRU_GEN = "/sys/kernel/mm/lru_gen/enabled"
LRU_GEN_ENABLED = 612  # Debian's kernels from here on boot with it

# Swap, and what is mounted at /mnt: virtio disks where `config` does not name others. /dev/vda
# stands for the first of them in scenarios.
DISK_NAMES = "vda", "vdb"
NAMED_DISKS = re.compile(r"swap=/dev/(\w+).*?ext4 on /dev/(\w+)")

FILES = {"f16m": 16 << 20, "f64m": 64 << 20, "f64b": 64 << 20}
FILE_DISK = 2  # index of the block device: vdb
EARLIER_FILE = "/mnt/earlier"
STD_FDS = 3  # descriptors that a task has already

# Work on a machine that takes 4 ns for each instruction (QEMU's -icount shift=2), as far as the
# order of events depends on it. Measured in event streams (docs/time.md), on 6.12 and 6.1.
COST = {
    "syscall_ns": 2000, "fault_ns": 12200, "zero_page_ns": 4300, "read_page_ns": 3600,
    "write_page_ns": 8000, "free_page_ns": 800, "writeback_page_ns": 2000,
    "cache_page_ns": 16300, "swap_in_page_ns": 20400, "reclaim_page_ns": 6000,
    "reclaim_round_ns": 8000, "unmap_page_ns": 9400, "swap_out_page_ns": 11000,
    "schedule_ns": 40000, "swap_end_page_ns": 4350, "flush_stats_ns": 19000,
    "vmpressure_ns": 31000, "sort_page_ns": 2300,
}  # fmt: skip
COST_BEFORE_612 = {
    **COST, "fault_ns": 10600, "zero_page_ns": 3700, "cache_page_ns": 15300,
    "swap_in_page_ns": 19300, "reclaim_page_ns": 5700, "reclaim_round_ns": 7500,
    "unmap_page_ns": 9100, "swap_out_page_ns": 11500, "schedule_ns": 45000,
    "swap_end_page_ns": 6200, "vmpressure_ns": 26000,
}  # fmt: skip
# What the tasks' program itself takes to fill a page
FILL_NS = {"zero": 17600, "value": 28500, "stream": 46300, "partly": 27700}

# Copying a page from and to null_blk's memory (block_rq_issue, less the timer): 12.3 us and
# 20.9 us; 8.1 and 14.8 us on 6.1.
MEMORY_DISK = {"memory_backed": 1, "read_bandwidth": 334_000_000, "write_bandwidth": 196_000_000}
MEMORY_DISK_BEFORE_612 = {
    "memory_backed": 1, "read_bandwidth": 502_000_000, "write_bandwidth": 276_000_000
}  # fmt: skip

EXACT_MODE = (
    "smp1 1.5GiB 2 nodes (768M each); swap=/dev/nullb0 (null_blk, 20 us), ext4 on /dev/nullb1"
)
CONFIG = re.compile(r"smp(\d+)\D.*?([\d.]+)GiB.*?(\d+) (?:NUMA )?nodes")

VM_STACK_INCOMPLETE_SETUP = VM_RAND_READ | VM_SEQ_READ  # until execve has built the stack
IMAGE = ElfImage(
    "/exe",
    "ET_EXEC",
    TEXT + 0x200,
    (
        Segment("PT_LOAD", 5, 0, TEXT, TEXT_PAGES * PAGE_SIZE, TEXT_PAGES * PAGE_SIZE, PAGE_SIZE),
        Segment("PT_LOAD", 6, DATA - TEXT, DATA, PAGE_SIZE, DATA_PAGES * PAGE_SIZE, PAGE_SIZE),
        Segment("PT_GNU_STACK", 6, 0, 0, 0, 0, 16),
    ),
    size=FILE_SIZE,
)


def machine(config: str, kernel: str, engine: str | None = None, zswap: bool = True) -> Machine:
    """The machine that a golden record's `config` describes (ScenarioError where it is unclear)."""
    match = CONFIG.match(config)
    if not match:
        raise ScenarioError(f"the machine {config[:60]!r} is not described as smpN, GiB, nodes")
    cpus, size, nodes = int(match[1]), float(match[2]), int(match[3])
    ram = f"{int(size * 1024)}M"
    tlb = {"pcid": False}  # QEMU's plain CPU
    named = NAMED_DISKS.search(config)
    names = named.groups() if named else DISK_NAMES
    old = kernel == "6.1"
    in_memory = MEMORY_DISK_BEFORE_612 if old else MEMORY_DISK
    disks = [{"name": name, "profile": "null_blk", "size": "1G"} for name in names]
    if "null_blk" in config:
        disks = [{**disk, **in_memory} for disk in disks]
    made = Machine(
        ram=ram,
        nodes=nodes,
        cpus=cpus,
        kernel=kernel,
        zswap=zswap,
        tlb=tlb,
        disk=disks,
        cost=COST_BEFORE_612 if old else COST,
        engine=engine,
    )
    for kind, took in FILL_NS.items():
        made.arena.fill_ns[FILL_KINDS[kind]] = took
    guest_memory.hold(made, config)
    if old and sizes_of(made) == EXACT_NODES:
        made.memcg_slab.lies_on(SLAB_CRED, *CRED_BLOB_ON_NODE_1)
    made.arena.sysctl[0].thp_enabled = THP_MADVISE
    made.zones.set_recommended_min_free_kbytes()
    made.mkswap(f"/dev/{names[0]}")
    make_files(made)
    return made


def make_files(machine: Machine) -> None:
    """The disk that scenarios use, with the files that are on it from the start."""
    machine.namespace.make_directories("/mnt")
    machine.namespace.mount("/mnt", "ext4", device=FILE_DISK)
    for name, size in FILES.items():
        machine.namespace.create_on_disk(f"/mnt/{name}", size)
        machine.dirty_throttle.count_written_before(FILE_DISK, size // PAGE_SIZE)


def sizes_of(machine: Machine) -> list[int]:
    """Pages of each node."""
    return [node.nr_pages for node in machine.config.nodes]


def stock(machine: Machine) -> tuple[int, int]:
    """STOCK of a machine of exact mode; nothing of another."""
    if machine.config.cpus > 1 or sizes_of(machine) != EXACT_NODES:
        return 0, 0
    return STOCK.get(machine.config.kernel, (0, 0))


class Runner:
    """The process that starts tasks. It maps what they map, so pages of both are shared."""

    def __init__(self, machine: Machine, earlier: bool = False) -> None:
        """`earlier`: other scenarios ran in this boot."""
        self.machine = machine
        if machine.config.kernel >= LRU_GEN_ENABLED:
            machine.write(LRU_GEN, "7")
        self.task = machine.spawn("runner", pid=1)
        for fd in range(STD_FDS):
            assert self.task.open("/console", O_CREAT) == fd
        self.text = self._tmpfs_file("/exe", FILE_SIZE)
        self.control = self._tmpfs_file("/control", CONTROL_PAGES * PAGE_SIZE)
        self._write_text()
        machine.namespace.dcache.listed("/mnt")  # mounted
        # marks the text PG_reclaim, which reads as PG_readahead: fault-around passes it over
        machine.write(DROP_CACHES, "3")
        self._map_both()
        machine.namespace.dcache.listed("/mnt")  # for what an earlier scenario left
        machine.write(LRU_GEN, "0")  # young pages become active ones
        if earlier:
            self._made_a_file()
        machine.write(DROP_CACHES, "3")
        machine.lru.lru_add_drain_all()
        self._stock()

    def _made_a_file(self) -> None:
        """As an earlier scenario did: the journal holds the blocks that this changed, so those who
        make files in this one do not pay for them."""
        self.task.close(self.task.open(EARLIER_FILE, O_CREAT))
        self.task.unlink(EARLIER_FILE)

    def _tmpfs_file(self, path: str, size: int) -> int:
        file = int(self.machine.shmem.shmem_file_setup(size, VM_NORESERVE))
        set_path(self.machine, file, path)
        self.machine.arena.inodes[int(self.machine.arena.files[file].f_inode)].i_nlink = 1
        return file

    def _write_text(self) -> None:
        """Unpacked at boot."""
        assert self.machine.shmem.shmem_file_write(self.text, 0, FILE_SIZE) == FILE_SIZE

    def _map_both(self) -> None:
        size = CONTROL_PAGES * PAGE_SIZE
        self.slots = self.task.mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, self.control)
        self.task.write(self.slots, size)
        held = self.task.mmap(0, TEXT_PAGES * PAGE_SIZE, PROT_READ, MAP_SHARED, self.text)
        self.task.read(held, TEXT_PAGES * PAGE_SIZE)
        own = (CHILD_PAGES + PARENT_PAGES) * PAGE_SIZE
        flags = MAP_PRIVATE | MAP_ANONYMOUS
        self.own = self.task.mmap(0, own, PROT_READ | PROT_WRITE, flags)
        self.task.write(self.own, own)

    def _stock(self) -> None:
        """Free pages that the per-CPU set of the CPU's own zone holds back: one refill of each
        list that tasks take from (pairs are for the top of page tables)."""
        machine = self.machine
        zone = int(machine.arena.pages[_pfn(machine, self.task.mm_index, self.own)].zone)
        pcps, at = machine.arena.per_cpu_pages, zone * machine.config.cpus
        movable, count = stock(machine)
        if not count:
            return
        machine.pcp.drain_all_pages()
        self._refill(GFP_KERNEL, 1)
        for gfp, left in (GFP_HIGHUSER_MOVABLE, movable), (GFP_KERNEL, 0):
            pcps[at].batch, pcps[at].alloc_factor = left or count - int(pcps[at]["count"]), 0
            self._refill(gfp, 0)
        machine.pcp.set_batches()
        pcps[at].high = pcps[at].high_min
        pcps[at].alloc_factor = pcps[at].free_count = 0

    def _refill(self, gfp: int, order: int) -> None:
        pfn = int(self.machine.page_alloc.alloc_pages(gfp, order, -1))
        guest_memory.give_back(self.machine, pfn, order)

    def spawn(self, memcg: int = 0) -> Task:
        """A child of the runner that has joined a cgroup, executed the program and settled (OSError
        ESRCH for one that was killed before that)."""
        task = self.task.fork()
        self.task.write(self.own + CHILD_PAGES * PAGE_SIZE, PARENT_PAGES * PAGE_SIZE)
        task.write(self.own, CHILD_PAGES * PAGE_SIZE)
        if memcg:
            # what it writes to cgroup.procs is a constant, in a page that fork() does not map
            self.machine.arena.tasks[task.index].min_flt += 1
            cgroups.attach(self.machine, memcg, task.index)
        try:
            self._exec(task)
            settle(task)
        except Killed:
            task.reap()
            self.machine.processes.switch_to(self.task.index, 0)
            raise os_error(errno.ESRCH, "spawn") from None
        await_answer(task)
        self.machine.processes.switch_to(self.task.index, 0)
        return task

    def _exec(self, task: Task) -> None:
        self.machine.shmem.shmem_file_read(self.text, 0, BINPRM_BUF_SIZE)
        copy = partial(self._copy_arguments, task)
        task.exec(IMAGE, program_file=self.text, copy_strings=copy)
        self.machine.arena.names.setdefault("comm", {})[task.index] = "exe"
        size, flags = CONTROL_PAGES * PAGE_SIZE, MAP_SHARED | MAP_FIXED
        task.mmap(CONTROL, size, PROT_READ | PROT_WRITE, flags, self.control)

    def _copy_arguments(self, task: Task) -> None:
        """Their page on the new stack, which execve fills while the old address space is current,
        and before it goes."""
        machine, new = self.machine, task.mm_index
        machine.processes.switch_to(task.index, 0)
        machine.arena.current[0].mm = self.task.mm_index
        vma = int(machine.vma_tree.find_vma(new, STACK_TOP - PAGE_SIZE))
        vm_flags = int(machine.arena.vmas[vma].vm_flags)
        machine.arena.vmas[vma].vm_flags = vm_flags | VM_STACK_INCOMPLETE_SETUP
        machine.memory.handle_mm_fault(vma, STACK_TOP - PAGE_SIZE, 1)
        for _ in range(ARGUMENT_COPIES):
            machine.lru.mark_page_accessed(_pfn(machine, new, STACK_TOP - PAGE_SIZE))
        machine.arena.vmas[vma].vm_flags = vm_flags
        machine.arena.current[0].mm = new
        if machine.config.kernel < NO_DRAIN_IN_UNMAP:
            machine.lru.lru_add_drain()


def serve(task: Task) -> None:
    """What a task touches of its own before each command; after a fork it has them already."""
    task.write(CONTROL)
    use_stack(task)
    await_answer(task)


def use_stack(task: Task) -> None:
    """What every call does."""
    task.write(STACK_TOP - PAGE_SIZE)


def await_answer(task: Task) -> None:
    """The runner waits on a futex in the first control page: get_futex_key() takes the page by
    gup_fast, which leaves it PG_referenced."""
    pages = task.machine.arena.pages
    pfn = _pfn(task.machine, task.mm_index, CONTROL)
    pages[pfn]["flags"] = int(pages[pfn]["flags"]) | PG_referenced


def _pfn(machine: Machine, mm: int, address: int) -> int:
    """The frame that an address space has there."""
    pte = int(machine.page_tables.pte_offset(mm, address))
    return int((int(machine.arena.ptes[pte]) & PTE_PFN_MASK) >> PAGE_SHIFT)


def recover(task: Task) -> None:
    """What it touches while a command's faults are counted: where signals come back to."""
    task.write(DATA)


def come_back(task: Task) -> None:
    """What it uses when a command has been executed, and its faults are still counted: the stack
    that it returns on, and its data."""
    if task.alive:
        use_stack(task)
        task.read(DATA)


def settle(task: Task) -> None:
    """Touch every page of the program's own."""
    task.write(CONTROL)
    task.read(TEXT, TEXT_PAGES * PAGE_SIZE)
    task.read(CONTROL, CONTROL_PAGES * PAGE_SIZE)
    settle_private(task)


def settle_private(task: Task) -> None:
    """The private pages, each read and written; those of no content only written."""
    for page in range(DATA, DATA + DATA_PAGES * PAGE_SIZE, PAGE_SIZE):
        if not SIGNAL_STACK <= page < SIGNAL_STACK + SIGNAL_STACK_PAGES * PAGE_SIZE:
            task.read(page)
        task.write(page)
    task.write(STACK_TOP - STACK_PAGES * PAGE_SIZE, STACK_PAGES * PAGE_SIZE)
    # It writes what is there: bss and the stack but for its top hold zeros.
    zeros = range(DATA + PAGE_SIZE, DATA + DATA_PAGES * PAGE_SIZE, PAGE_SIZE)
    for page in (*zeros, STACK_TOP - 3 * PAGE_SIZE, STACK_TOP - 2 * PAGE_SIZE):
        task.machine.content.set_mapped(page, CONTENT_ZERO << CONTENT_SHIFT)
