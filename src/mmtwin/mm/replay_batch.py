"""The replay's hot loop: loads, stores, reads and writes in the order of a recording.

    ops:   load   store   pread   pwrite   fd_pread   fd_pwrite
    where: address ...    offset in the file
    file:  -              struct file ...  descriptor of the current task

Rows come as arrays, no Python object is made for one. A row that has a time waits for it, so that
what happens by time (writeback, expiry) happens between the rows where it did.

Models nothing of the kernel's: it is the program. Where a row ends in a signal or an error it
stops, and says why.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.clock import Clock
    from mmtwin.mm.file_table import FileTable
    from mmtwin.mm.read_write import ReadWrite
    from mmtwin.mm.pgtable_types import PAGE_SHIFT
    from mmtwin.mm.types import Currents, Files, I64s, U8s, U32s, U64s, i64, u32, u64

ROW_LOAD = cython.declare(cython.const[cython.int], 0)
ROW_STORE = cython.declare(cython.const[cython.int], 1)
ROW_PREAD = cython.declare(cython.const[cython.int], 2)
ROW_PWRITE = cython.declare(cython.const[cython.int], 3)
ROW_FD_PREAD = cython.declare(cython.const[cython.int], 4)
ROW_FD_PWRITE = cython.declare(cython.const[cython.int], 5)

LEAF_AHEAD = cython.declare(cython.const[cython.int], 6)  # rows: for the host (prefetch.py)
RECORD_AHEAD = cython.declare(cython.const[cython.int], 3)


@cython.final
@cython.cclass
class ReplayBatch:
    """Runs rows for the current task."""

    current: Currents
    clock: Clock
    file_table: FileTable
    read_write: ReadWrite
    access = cython.declare("Access")
    prefetch = cython.declare("Prefetch")
    files: Files
    row = cython.declare(i64, visibility="readonly")  # that runs now
    signal = cython.declare(cython.int, visibility="readonly")  # that ended the last run, or 0
    error = cython.declare(i64, visibility="readonly")  # -errno that ended the last run, or 0

    def __init__(self, arena, config):
        self.current, self.files = arena.current, arena.files
        self.row = self.error = 0
        self.signal = 0

    def wire(self, m):
        """Take the other mechanisms that this one calls, from the machine's namespace `m`."""
        self.clock, self.file_table, self.read_write = m.clock, m.file_table, m.read_write
        self.access, self.prefetch = m.access, m.prefetch

    @cython.ccall
    def run(
        self, ops: U8s, where: U64s, length: U64s, file: U32s, time: I64s, start: i64, end: i64
    ) -> i64:
        """Rows start .. end - 1: the row after the last that was done, `end` if all were.
        `time` is ns since boot, 0 for at once."""
        at: i64 = start
        with cython.nogil:
            self.signal = 0
            self.error = 0
            while at < end:
                self.row = at
                if at + LEAF_AHEAD < end:
                    self.look_ahead(ops, where, file, at, end)
                if time[at]:
                    self.wait_for(cython.cast(u64, time[at]))
                if not self.run_row(
                    cython.cast(cython.int, ops[at]), cython.cast(u64, where[at]),
                    cython.cast(u64, length[at]), cython.cast(u32, file[at]),
                ):  # fmt: skip
                    break
                at += 1
        return at

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def look_ahead(self, ops: U8s, where: U64s, file: U32s, at: i64, end: i64) -> cython.int:
        """Let the host fetch what rows soon to come may need."""
        next: i64 = at + LEAF_AHEAD
        if ops[next] <= ROW_STORE:
            self.access.look_ahead(self.current[0].cpu, where, at, end)
        elif ops[next] <= ROW_PWRITE:
            self.prefetch.leaf(self.files[file[next]].f_inode, where[next] >> PAGE_SHIFT)
        next = at + RECORD_AHEAD
        if ops[next] == ROW_PREAD or ops[next] == ROW_PWRITE:
            self.prefetch.cached(self.files[file[next]].f_inode, where[next] >> PAGE_SHIFT)
        return 0

    @cython.cfunc
    @cython.nogil
    def wait_for(self, ns: u64) -> cython.int:
        """Until a row's time; late rows wait for nothing."""
        if ns > self.clock.now():
            return self.clock.sleep_until(ns)
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.inline
    def run_row(self, op: cython.int, where: u64, length: u64, file: u32) -> cython.bint:
        """One row; False if it failed."""
        done: i64 = 0
        if op <= ROW_STORE:
            self.signal = self.access.load_or_store(self.current[0].cpu, where, op)
            return self.signal == 0
        if op >= ROW_FD_PREAD:
            file = self.file_table.fget(self.current[0].task, file)
            op -= 2
        if op == ROW_PREAD:
            done = self.read_write.vfs_read(file, where, length)
        else:
            done = self.read_write.vfs_write(file, where, length)
        if done < 0:
            self.error = done
            return False
        return True
