"""Swap entries: which slot of which area, as a number and in a pte that is not present.

    entry   type << 50 | offset             offset 0 is the area's header, so 0 is none
    pte     type << 59 | offset << 9 | bits    bit 1 soft-dirty, bit 3 exclusive; bits 0 and 8
                                               (present, protnone) are clear

Models include/linux/swapops.h: swp_entry(), swp_type(), swp_offset(), is_swap_pte();
arch/x86/include/asm/pgtable_64.h: swp_entry_to_pte(), pte_swp_mkexclusive(),
pte_swp_mksoft_dirty(). The kernel stores the offset inverted, which nothing can see.
Not modelled: entries that are no swap (migration, poison, userfaultfd markers).
"""

import cython

if not cython.compiled:
    from mmtwin.mm.pgtable_types import PAGE_PRESENT, PAGE_PROTNONE
    from mmtwin.mm.types import u32, u64

MAX_SWAPFILES = cython.declare(cython.const[cython.int], 32)
SWP_TYPE_SHIFT = cython.declare(cython.const[cython.int], 50)
SWP_OFFSET_MASK = cython.declare(cython.const[cython.ulonglong], 0x3FFFFFFFFFFFF)
PTE_SWP_SOFT_DIRTY = cython.declare(cython.const[cython.ulonglong], 2)  # _PAGE_SWP_SOFT_DIRTY
PTE_SWP_EXCLUSIVE = cython.declare(cython.const[cython.ulonglong], 8)  # _PAGE_SWP_EXCLUSIVE
# what an address further on has in its pte if its slot is the next one: pte_next_swp_offset()
PTE_SWP_NEXT = cython.declare(cython.const[cython.ulonglong], 512)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def swp_entry(type_: u32, offset: u64) -> u64:
    """The entry of a slot."""
    return cython.cast(u64, type_) << SWP_TYPE_SHIFT | offset


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def swp_type(entry: u64) -> u32:
    """Number of its area."""
    return cython.cast(u32, entry >> SWP_TYPE_SHIFT)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def swp_offset(entry: u64) -> u64:
    """Slot in its area."""
    return entry & SWP_OFFSET_MASK


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def is_swap_pte(pte: u64) -> cython.bint:
    """Neither none nor present."""
    return pte != 0 and not pte & (PAGE_PRESENT | PAGE_PROTNONE)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def swp_entry_to_pte(entry: u64) -> u64:
    """The pte that names an entry, without further bits."""
    return (entry >> SWP_TYPE_SHIFT) << 59 | (entry & SWP_OFFSET_MASK) << 9


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def pte_to_swp_entry(pte: u64) -> u64:
    """The entry that a swap pte names."""
    return (pte >> 59) << SWP_TYPE_SHIFT | (pte >> 9) & SWP_OFFSET_MASK
