"""System calls of a task on memory that is a file: System V segments and memfd."""

from __future__ import annotations

import errno

from mmtwin.errors import NotModelledError
from mmtwin.mm.page_flags import INODE_SPECIAL
from mmtwin.mm.pgtable_types import PAGE_SIZE
from mmtwin.mm.uapi import (
    F_SEAL_EXEC,
    F_SEAL_SEAL,
    MAP_FIXED,
    MAP_SHARED,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
)
from mmtwin.mm.vm_flags import VM_NORESERVE
from mmtwin.task_handle import checked, os_error, system_call, unsigned
from mmtwin.vfs.copy_calls import CopyCalls
from mmtwin.vfs.open_file import open_inode
from mmtwin.vfs.paths import set_path
from mmtwin.vfs.shm import SHM_RDONLY

SHM_RND, SHM_REMAP, SHM_EXEC = 0o20000, 0o40000, 0o100000
MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 4, 8, 16
MFD_NAME_MAX = 249
NOEXEC_SINCE, SECRETMEM_SINCE = 603, 605


class ShmCalls(CopyCalls):
    """Segments and memfd."""

    @system_call
    def shmget(self, key: int, size: int, flags: int) -> int:
        """shmget(2): an identifier."""
        return self._call().shared_memory.get(key, size, flags)

    @system_call
    def shmat(self, number: int, addr: int = 0, flags: int = 0) -> int:
        """shmat(2): the address."""
        machine = self._call()
        if addr and flags & SHM_RND:
            addr -= addr % PAGE_SIZE
            if not addr and flags & SHM_REMAP:
                raise os_error(errno.EINVAL, "shmat")
        if addr % PAGE_SIZE or (flags & SHM_REMAP and not addr):
            raise os_error(errno.EINVAL, "shmat")
        segment = machine.shared_memory.find(number)
        if addr and not flags & SHM_REMAP and self._is_mapped(addr, addr + segment.size):
            raise os_error(errno.EINVAL, "shmat")
        prot = PROT_READ | (0 if flags & SHM_RDONLY else PROT_WRITE)
        prot |= PROT_EXEC if flags & SHM_EXEC else 0
        file = machine.shared_memory.open(segment, flags)
        how = MAP_SHARED | (MAP_FIXED if addr else 0)
        result = machine.mmap.do_mmap(*unsigned(addr, segment.size, prot, how), file, 0)
        machine.page_cache.fput(file)
        return checked(result)

    def _is_mapped(self, start: int, end: int) -> bool:
        vma = int(self.machine.vma_tree.find_vma(self.mm_index, start))
        return bool(vma) and int(self.machine.arena.vmas[vma].vm_start) < end

    def shmdt(self, addr: int) -> None:
        """shmdt(2): every part of the attachment that began at this address."""
        machine = self._call()
        vmas, files = machine.arena.vmas, machine.arena.files
        vma, file = int(machine.vma_tree.find_vma(self.mm_index, addr)), 0
        inodes = {segment.inode for segment in machine.shared_memory.segments()}
        while vma:
            record = vmas[vma]
            start, following = int(record.vm_start), int(record.vm_next)
            part = int(record.vm_file) and int(files[int(record.vm_file)].f_inode) in inodes
            at_place = start - addr == int(record.vm_pgoff) * PAGE_SIZE
            if part and at_place and (not file or file == int(record.vm_file)):
                file = int(record.vm_file)
                checked(machine.munmap.do_munmap(start, int(record.vm_end) - start))
            elif not file:
                break
            vma = following
        if not file:
            raise os_error(errno.EINVAL, "shmdt")

    def shm_rmid(self, number: int) -> None:
        """shmctl(2) with IPC_RMID."""
        self._call().shared_memory.remove(number)

    def shm_lock(self, number: int, locked: bool = True) -> None:
        """shmctl(2) with SHM_LOCK or SHM_UNLOCK."""
        self._call().shared_memory.lock(number, locked)

    @system_call
    def memfd_create(self, name: str, flags: int = 0) -> int:
        """memfd_create(2): a descriptor of a nameless file in memory."""
        machine = self._call()
        known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB
        if machine.config.kernel >= NOEXEC_SINCE:
            known |= MFD_NOEXEC_SEAL | MFD_EXEC
        both = MFD_NOEXEC_SEAL | MFD_EXEC
        if flags & ~known or flags & both == both or len(name.encode()) > MFD_NAME_MAX:
            raise os_error(errno.EINVAL, "memfd_create")
        if flags & MFD_HUGETLB:
            raise NotModelledError("memfd_create", "MFD_HUGETLB is not modelled yet")
        file = int(machine.shmem.shmem_file_setup(0, VM_NORESERVE))
        if not file:
            raise os_error(errno.ENOMEM, "memfd_create")
        set_path(machine, file, f"/memfd:{name}")
        seals = 0 if flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL) else F_SEAL_SEAL
        seals |= F_SEAL_EXEC if flags & MFD_NOEXEC_SEAL else 0
        machine.arena.shmem_inodes[int(machine.arena.files[file].f_inode)].seals = seals
        return self.fd_install(file, flags & MFD_CLOEXEC)

    def add_seals(self, fd: int, seals: int) -> None:
        """fcntl(F_ADD_SEALS)."""
        checked(self._call().shmem.memfd_add_seals(self.fd_file(fd), seals))

    def get_seals(self, fd: int) -> int:
        """fcntl(F_GET_SEALS)."""
        inode = int(self.machine.arena.files[self.fd_file(fd)].f_inode)
        return int(self.machine.arena.shmem_inodes[inode].seals)

    def memfd_secret(self, flags: int = 0) -> int:
        """memfd_secret(2): a descriptor; ENOSYS before 6.5, where it was off by default. Its
        memory is not modelled."""
        machine = self._call()
        if machine.config.kernel < SECRETMEM_SINCE:
            raise os_error(errno.ENOSYS, "memfd_secret")
        if flags & ~MFD_CLOEXEC:
            raise os_error(errno.EINVAL, "memfd_secret")
        inode = int(machine.page_cache.new_inode(INODE_SPECIAL, 0, 0, 0))
        file = open_inode(machine, inode, "/secretmem", 2)
        machine.arena.inodes[inode].i_nlink = 0
        machine.page_cache.iput(inode)
        return self.fd_install(file)
