"""What a fault handler is told and what it returns: include/linux/mm_types.h."""

import cython

# enum vm_fault_reason
VM_FAULT_OOM = cython.declare(cython.const[cython.int], 0x1)
VM_FAULT_SIGBUS = cython.declare(cython.const[cython.int], 0x2)
VM_FAULT_MAJOR = cython.declare(cython.const[cython.int], 0x4)
VM_FAULT_SIGSEGV = cython.declare(cython.const[cython.int], 0x40)
VM_FAULT_NOPAGE = cython.declare(cython.const[cython.int], 0x100)
# The mmap lock was dropped to wait for a device: the fault is to be handled once more
VM_FAULT_RETRY = cython.declare(cython.const[cython.int], 0x400)
VM_FAULT_ERROR = cython.declare(cython.const[cython.int], 0x43)

# enum fault_flag
FAULT_FLAG_ALLOW_RETRY = cython.declare(cython.const[cython.int], 0x4)
FAULT_FLAG_TRIED = cython.declare(cython.const[cython.int], 0x20)  # so it is a major fault
FAULT_FLAG_VMA_LOCK = cython.declare(cython.const[cython.int], 0x1000)
