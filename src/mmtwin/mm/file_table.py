"""Descriptors: which open file a task means by a small number.

    Task.files -> FilesStruct -> FdChunk -> FdChunk ...      64 descriptors each
                                   |
                              fd_slots[chunk * 64 + n]: index into `files`, 0 for a closed one

A table comes to be with its first descriptor, is copied by fork() (both sides then refer to the
same open files, which hold the position) and goes when its task exits.

Models fs/file.c: alloc_fd(), fd_install(), fget(), close_fd(), ksys_dup3(), dup_fd(),
exit_files(), do_close_on_exec().
Not modelled: the slab memory of the tables; CLONE_FILES between processes (a copy is made).

Invariants: bit n of a chunk's open_fds says that its slot n is not 0; close_on_exec is a subset;
an open file's f_count is at least the number of slots that name it.
"""

import cython

if not cython.compiled:
    from mmtwin.mm.filemap import PageCache
    from mmtwin.mm.idpool import IdPool
    from mmtwin.mm.types import Files, Tasks, U32s, U64s, i64, u32, u64
    from mmtwin.mm.uapi import EBADF, EINVAL, EMFILE, ENOMEM, RLIMIT_NOFILE

FDS_PER_CHUNK = cython.declare(cython.const[cython.int], 64)
ALL_FDS_OPEN = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFFFFF)
NR_FILES_STRUCTS = 1 << 22
NR_FD_CHUNKS = 1 << 22

# struct files_struct; no table is shared, so there is no count
FilesStruct = cython.struct(
    first=u32,  # chunk of descriptors 0 .. 63
    pad=u32,
)

FdChunk = cython.struct(
    open_fds=u64,
    close_on_exec=u64,
    next=u32,
    pad=u32,
)

if cython.compiled:
    FilesStructs = cython.typedef(FilesStruct[::1])
    FdChunks = cython.typedef(FdChunk[::1])
else:
    FilesStructs = FdChunks = object


@cython.final
@cython.cclass
class FileTable:
    """The descriptor tables of all tasks."""

    arena: object
    tasks: Tasks
    files: Files
    rlimits: U64s
    tables: FilesStructs
    chunks: FdChunks
    slots: U32s
    table_ids: IdPool
    chunk_ids: IdPool
    page_cache: PageCache

    def __init__(self, arena, config):
        self.arena = arena
        self.tasks, self.files, self.rlimits = arena.tasks, arena.files, arena.rlimits
        self.tables = arena.array("files_structs", "file_table.FilesStruct", NR_FILES_STRUCTS)
        self.chunks = arena.array("fd_chunks", "file_table.FdChunk", NR_FD_CHUNKS)
        self.slots = arena.array("fd_slots", "u32", NR_FD_CHUNKS * 64)
        self.table_ids = IdPool(arena, "files_struct", NR_FILES_STRUCTS)
        self.chunk_ids = IdPool(arena, "fd_chunk", NR_FD_CHUNKS)

    def wire(self, m):
        """Take the mechanism that open files belong to."""
        self.page_cache = m.page_cache

    def boot(self):
        """No table yet."""
        self.table_ids.boot()
        self.chunk_ids.boot()

    @cython.ccall
    @cython.nogil
    def fget(self, task: u32, fd: u32) -> u32:
        """The open file of a descriptor (no reference taken), or 0: -EBADF for the caller."""
        chunk: u32 = self.find_chunk(task, fd)
        if chunk == 0:
            return 0
        return self.slots[cython.cast(u64, chunk) * FDS_PER_CHUNK + fd % FDS_PER_CHUNK]

    @cython.ccall
    @cython.nogil
    def fd_install(self, task: u32, file: u32, start: u32, cloexec: cython.int) -> i64:
        """The lowest free descriptor from `start` on refers to `file` now and holds the caller's
        reference: the descriptor, -EMFILE, or -ENOMEM. alloc_fd(), fd_install()."""
        limit: u64 = self.rlimits[cython.cast(u64, task) * 32 + 2 * RLIMIT_NOFILE]
        chunk: u32 = self.first_chunk(task)
        base: u32 = 0
        while chunk:
            if base + FDS_PER_CHUNK > start and self.chunks[chunk].open_fds != ALL_FDS_OPEN:
                fd: u32 = self.lowest_free(chunk, base, start)
                if fd < base + FDS_PER_CHUNK:
                    if fd >= limit:
                        return -EMFILE
                    self.put(chunk, fd, file, cloexec)
                    return fd
            base += FDS_PER_CHUNK
            if base >= limit:
                return -EMFILE
            chunk = self.next_chunk(chunk)
        return -ENOMEM

    @cython.ccall
    @cython.nogil
    def replace_fd(self, task: u32, fd: u32, file: u32, cloexec: cython.int) -> i64:
        """This very descriptor refers to `file` now, whatever it was: do_dup2(). Takes over the
        caller's reference. The descriptor, -EBADF past the limit, or -ENOMEM."""
        if fd >= self.rlimits[cython.cast(u64, task) * 32 + 2 * RLIMIT_NOFILE]:
            return -EBADF
        chunk: u32 = self.first_chunk(task)
        base: u32 = 0
        while chunk and base + FDS_PER_CHUNK <= fd:
            chunk = self.next_chunk(chunk)
            base += FDS_PER_CHUNK
        if chunk == 0:
            return -ENOMEM
        old: u32 = self.slots[cython.cast(u64, chunk) * FDS_PER_CHUNK + fd % FDS_PER_CHUNK]
        self.put(chunk, fd, file, cloexec)
        if old:
            self.page_cache.fput(old)
        return fd

    @cython.ccall
    @cython.nogil
    def close_fd(self, task: u32, fd: u32) -> cython.int:
        """close(2): 0 or -EBADF."""
        chunk: u32 = self.find_chunk(task, fd)
        if chunk == 0:
            return -EBADF
        slot: u64 = cython.cast(u64, chunk) * FDS_PER_CHUNK + fd % FDS_PER_CHUNK
        file: u32 = self.slots[slot]
        if file == 0:
            return -EBADF
        bit: u64 = cython.cast(u64, 1) << (fd % FDS_PER_CHUNK)
        self.slots[slot] = 0
        self.chunks[chunk].open_fds ^= bit
        if self.chunks[chunk].close_on_exec & bit:
            self.chunks[chunk].close_on_exec ^= bit
        self.page_cache.fput(file)
        return 0

    @cython.ccall
    @cython.nogil
    def ksys_dup(self, task: u32, fd: u32, start: u32, cloexec: cython.int) -> i64:
        """dup(2), fcntl(F_DUPFD): another descriptor for the same open file, or -errno."""
        if start >= self.rlimits[cython.cast(u64, task) * 32 + 2 * RLIMIT_NOFILE]:
            return -EINVAL
        file: u32 = self.fget(task, fd)
        if file == 0:
            return -EBADF
        got: i64 = self.fd_install(task, file, start, cloexec)
        if got >= 0:
            self.page_cache.get_file(file)
        return got

    @cython.ccall
    @cython.nogil
    def ksys_dup2(self, task: u32, fd: u32, wanted: u32, cloexec: cython.int) -> i64:
        """dup2(2): `wanted` is closed first if it was open. The descriptor or -errno."""
        file: u32 = self.fget(task, fd)
        if file == 0:
            return -EBADF
        if fd == wanted:
            return fd
        self.page_cache.get_file(file)
        got: i64 = self.replace_fd(task, wanted, file, cloexec)
        if got < 0:
            self.page_cache.fput(file)
        return got

    @cython.ccall
    @cython.nogil
    def dup_fd(self, child: u32, parent: u32) -> cython.int:
        """fork(): the child gets a copy of the table, its files one reference more. 0, -ENOMEM."""
        chunk: u32 = self.tables[self.tasks[parent].files].first
        copy: u32 = self.first_chunk(child) if chunk else 0
        while chunk:
            if copy == 0:
                self.exit_files(child)
                return -ENOMEM
            self.copy_chunk(copy, chunk)
            chunk = self.chunks[chunk].next
            if chunk:
                copy = self.next_chunk(copy)
        return 0

    @cython.ccall
    @cython.nogil
    def exit_files(self, task: u32) -> cython.int:
        """Close everything; the table goes."""
        table: u32 = self.tasks[task].files
        chunk: u32 = self.tables[table].first
        while chunk:
            following: u32 = self.chunks[chunk].next
            self.close_chunk(chunk, ALL_FDS_OPEN)
            self.chunks[chunk].next = 0
            self.chunk_ids.free(chunk)
            chunk = following
        if table:
            self.tables[table].first = 0
            self.table_ids.free(table)
            self.tasks[task].files = 0
        return 0

    @cython.ccall
    @cython.nogil
    def do_close_on_exec(self, task: u32) -> cython.int:
        """execve(2): descriptors with FD_CLOEXEC are closed."""
        chunk: u32 = self.tables[self.tasks[task].files].first
        while chunk:
            self.close_chunk(chunk, self.chunks[chunk].close_on_exec)
            chunk = self.chunks[chunk].next
        return 0

    @cython.cfunc
    @cython.nogil
    def find_chunk(self, task: u32, fd: u32) -> u32:
        """The chunk that holds a descriptor, or 0 when the table does not reach so far."""
        chunk: u32 = self.tables[self.tasks[task].files].first
        while fd >= FDS_PER_CHUNK and chunk:
            chunk = self.chunks[chunk].next
            fd -= FDS_PER_CHUNK
        return chunk

    @cython.cfunc
    @cython.nogil
    def first_chunk(self, task: u32) -> u32:
        """The table's first chunk, made with the table if need be; 0 when out of memory."""
        table: u32 = self.tasks[task].files
        if table == 0:
            table = self.table_ids.alloc()
            if table == 0:
                return 0
            self.tasks[task].files = table
            self.tables[table].first = self.chunk_ids.alloc()
        return self.tables[table].first

    @cython.cfunc
    @cython.nogil
    def next_chunk(self, chunk: u32) -> u32:
        """The following chunk, made if need be: expand_files()."""
        if self.chunks[chunk].next == 0:
            self.chunks[chunk].next = self.chunk_ids.alloc()
        return self.chunks[chunk].next

    @cython.cfunc
    @cython.nogil
    def lowest_free(self, chunk: u32, base: u32, start: u32) -> u32:
        """The lowest closed descriptor of a chunk from `start` on, or base + 64."""
        n: u32 = start - base if start > base else 0
        while n < FDS_PER_CHUNK and self.chunks[chunk].open_fds >> n & 1:
            n += 1
        return base + n

    @cython.cfunc
    @cython.nogil
    def put(self, chunk: u32, fd: u32, file: u32, cloexec: cython.int) -> cython.int:
        """Fill a slot."""
        bit: u64 = cython.cast(u64, 1) << (fd % FDS_PER_CHUNK)
        self.slots[cython.cast(u64, chunk) * FDS_PER_CHUNK + fd % FDS_PER_CHUNK] = file
        self.chunks[chunk].open_fds |= bit
        if cloexec:
            self.chunks[chunk].close_on_exec |= bit
        elif self.chunks[chunk].close_on_exec & bit:
            self.chunks[chunk].close_on_exec ^= bit
        return 0

    @cython.cfunc
    @cython.nogil
    def copy_chunk(self, copy: u32, chunk: u32) -> cython.int:
        """64 descriptors for a child."""
        self.chunks[copy].open_fds = self.chunks[chunk].open_fds
        self.chunks[copy].close_on_exec = self.chunks[chunk].close_on_exec
        n: u64
        for n in range(FDS_PER_CHUNK):
            file: u32 = self.slots[cython.cast(u64, chunk) * FDS_PER_CHUNK + n]
            if file:
                self.slots[cython.cast(u64, copy) * FDS_PER_CHUNK + n] = file
                self.page_cache.get_file(file)
        return 0

    @cython.cfunc
    @cython.nogil
    def close_chunk(self, chunk: u32, which: u64) -> cython.int:
        """Close the descriptors of these bits."""
        n: u64
        for n in range(FDS_PER_CHUNK):
            bit: u64 = cython.cast(u64, 1) << n
            if not which & self.chunks[chunk].open_fds & bit:
                continue
            file: u32 = self.slots[cython.cast(u64, chunk) * FDS_PER_CHUNK + n]
            self.slots[cython.cast(u64, chunk) * FDS_PER_CHUNK + n] = 0
            self.chunks[chunk].open_fds ^= bit
            if self.chunks[chunk].close_on_exec & bit:
                self.chunks[chunk].close_on_exec ^= bit
            self.page_cache.fput(file)
        return 0

    def descriptors(self, task):
        """{descriptor: file} of a task."""
        found = {}
        chunk = int(self.tables[int(self.tasks[task].files)].first)
        base = 0
        while chunk:
            for n in range(64):
                if self.slots[chunk * 64 + n]:
                    found[base + n] = int(self.slots[chunk * 64 + n])
            chunk = int(self.chunks[chunk].next)
            base += 64
        return found

    def check(self):
        """Bitmaps agree with slots; files have the references that descriptors hold."""
        self.table_ids.check()
        self.chunk_ids.check()
        held = {}
        tables = self.arena.where("tasks", "files")
        for task in tables:
            for file in self.descriptors(task).values():
                held[file] = held.get(file, 0) + 1
        for file, count in held.items():
            assert self.files[file].f_count >= count
        assert len(tables) == self.table_ids.used()
        for chunk in self.arena.where("fd_chunks", "open_fds"):
            used = {n for n in range(64) if self.slots[chunk * 64 + n]}
            assert used == self.bits(self.chunks[chunk].open_fds)
            assert used >= self.bits(self.chunks[chunk].close_on_exec)

    def bits(self, mask):
        """Numbers of the bits that are set."""
        text = f"{mask:064b}"
        return {63 - place for place, bit in enumerate(text) if bit == "1"}
