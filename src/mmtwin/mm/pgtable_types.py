"""x86_64 page-table entries: the bits of arch/x86/include/asm/pgtable_types.h, and sizes."""

import cython


# Sizes
PAGE_SIZE = cython.declare(cython.const[cython.ulonglong], 4096)
PAGE_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFFFF000)
PMD_SIZE = cython.declare(cython.const[cython.ulonglong], 0x200000)
PMD_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFE00000)
PUD_SIZE = cython.declare(cython.const[cython.ulonglong], 0x40000000)
PGDIR_SIZE = cython.declare(cython.const[cython.ulonglong], 0x8000000000)
TASK_SIZE_MAX = cython.declare(cython.const[cython.ulonglong], 0x7FFFFFFFF000)  # four levels
TASK_SIZE_MAX_LA57 = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFFF000)  # five levels

# Shifts and counts
PAGE_SHIFT = cython.declare(cython.const[cython.int], 12)
PMD_SHIFT = cython.declare(cython.const[cython.int], 21)
PUD_SHIFT = cython.declare(cython.const[cython.int], 30)
P4D_SHIFT = cython.declare(cython.const[cython.int], 39)
PGDIR_SHIFT_LA57 = cython.declare(cython.const[cython.int], 48)
PTRS_PER_TABLE = cython.declare(cython.const[cython.int], 512)

# Bits of an entry
PAGE_PRESENT = cython.declare(cython.const[cython.ulonglong], 1)
PAGE_RW = cython.declare(cython.const[cython.ulonglong], 2)
PAGE_USER = cython.declare(cython.const[cython.ulonglong], 4)
PAGE_ACCESSED = cython.declare(cython.const[cython.ulonglong], 32)
PAGE_DIRTY = cython.declare(cython.const[cython.ulonglong], 64)
PAGE_PSE = cython.declare(cython.const[cython.ulonglong], 128)  # a 2 MiB leaf in a pmd
# present to the kernel, not to the CPU (PROT_NONE)
PAGE_PROTNONE = cython.declare(cython.const[cython.ulonglong], 256)
# no struct page behind it for rmap: zero page, vdso
PAGE_SPECIAL = cython.declare(cython.const[cython.ulonglong], 512)
PAGE_UFFD_WP = cython.declare(cython.const[cython.ulonglong], 1024)
PAGE_SOFT_DIRTY = cython.declare(cython.const[cython.ulonglong], 2048)
PAGE_NX = cython.declare(cython.const[cython.ulonglong], 0x8000000000000000)
PTE_PFN_MASK = cython.declare(cython.const[cython.ulonglong], 0xFFFFFFFFFF000)
