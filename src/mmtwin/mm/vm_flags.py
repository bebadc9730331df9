"""Flags of struct vm_area_struct, with the values of include/linux/mm.h on x86_64."""

import cython


# vm_flags
VM_NONE = cython.declare(cython.const[cython.ulonglong], 0x0)
VM_READ = cython.declare(cython.const[cython.ulonglong], 0x1)
VM_WRITE = cython.declare(cython.const[cython.ulonglong], 0x2)
VM_EXEC = cython.declare(cython.const[cython.ulonglong], 0x4)
VM_SHARED = cython.declare(cython.const[cython.ulonglong], 0x8)
VM_MAYREAD = cython.declare(cython.const[cython.ulonglong], 0x10)
VM_MAYWRITE = cython.declare(cython.const[cython.ulonglong], 0x20)
VM_MAYEXEC = cython.declare(cython.const[cython.ulonglong], 0x40)
VM_MAYSHARE = cython.declare(cython.const[cython.ulonglong], 0x80)
VM_GROWSDOWN = cython.declare(cython.const[cython.ulonglong], 0x100)
VM_UFFD_MISSING = cython.declare(cython.const[cython.ulonglong], 0x200)
VM_PFNMAP = cython.declare(cython.const[cython.ulonglong], 0x400)
VM_UFFD_WP = cython.declare(cython.const[cython.ulonglong], 0x1000)
VM_LOCKED = cython.declare(cython.const[cython.ulonglong], 0x2000)
VM_IO = cython.declare(cython.const[cython.ulonglong], 0x4000)
VM_SEQ_READ = cython.declare(cython.const[cython.ulonglong], 0x8000)
VM_RAND_READ = cython.declare(cython.const[cython.ulonglong], 0x10000)
VM_DONTCOPY = cython.declare(cython.const[cython.ulonglong], 0x20000)
VM_DONTEXPAND = cython.declare(cython.const[cython.ulonglong], 0x40000)
VM_LOCKONFAULT = cython.declare(cython.const[cython.ulonglong], 0x80000)
VM_ACCOUNT = cython.declare(cython.const[cython.ulonglong], 0x100000)
VM_NORESERVE = cython.declare(cython.const[cython.ulonglong], 0x200000)
VM_HUGETLB = cython.declare(cython.const[cython.ulonglong], 0x400000)
VM_SYNC = cython.declare(cython.const[cython.ulonglong], 0x800000)
VM_ARCH_1 = cython.declare(cython.const[cython.ulonglong], 0x1000000)
VM_WIPEONFORK = cython.declare(cython.const[cython.ulonglong], 0x2000000)
VM_DONTDUMP = cython.declare(cython.const[cython.ulonglong], 0x4000000)
VM_SOFTDIRTY = cython.declare(cython.const[cython.ulonglong], 0x8000000)
VM_MIXEDMAP = cython.declare(cython.const[cython.ulonglong], 0x10000000)
VM_HUGEPAGE = cython.declare(cython.const[cython.ulonglong], 0x20000000)
VM_NOHUGEPAGE = cython.declare(cython.const[cython.ulonglong], 0x40000000)
VM_MERGEABLE = cython.declare(cython.const[cython.ulonglong], 0x80000000)
VM_DROPPABLE = cython.declare(cython.const[cython.ulonglong], 0x10000000000)
VM_SEALED = cython.declare(cython.const[cython.ulonglong], 0x8000000000000000)
# VM_GROWSDOWN | VM_ACCOUNT | rwx may | rw, without VM_EXEC
VM_STACK_FLAGS = cython.declare(cython.const[cython.ulonglong], 0x100173)
# VM_LOCKED | VM_LOCKONFAULT
VM_LOCKED_MASK = cython.declare(cython.const[cython.ulonglong], 0x82000)
# VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP: never merged, never locked
VM_SPECIAL = cython.declare(cython.const[cython.ulonglong], 0x10044400)

# Vma.vm_ops: what answers its faults
VMOPS_NONE = cython.declare(cython.const[cython.uint], 0)
VMOPS_FILE = cython.declare(cython.const[cython.uint], 1)
VMOPS_SHMEM = cython.declare(cython.const[cython.uint], 2)
VMOPS_SPECIAL = cython.declare(cython.const[cython.uint], 3)  # vdso, vvar
# shm_vm_ops: shmem that was attached by shmat(); without map_pages, and with a close()
VMOPS_SHM = cython.declare(cython.const[cython.uint], 4)

# Vma.name: special mappings
NAME_NONE = cython.declare(cython.const[cython.uint], 0)
NAME_VDSO = cython.declare(cython.const[cython.uint], 1)
NAME_VVAR = cython.declare(cython.const[cython.uint], 2)
NAME_VVAR_VCLOCK = cython.declare(cython.const[cython.uint], 3)  # 6.18
NAME_VSYSCALL = cython.declare(cython.const[cython.uint], 4)
