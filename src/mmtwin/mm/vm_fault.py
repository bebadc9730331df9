"""What a fault handler returns: include/linux/mm_types.h, enum vm_fault_reason."""

import cython

# enum vm_fault_reason
VM_FAULT_OOM = cython.declare(cython.const[cython.int], 0x1)
VM_FAULT_SIGBUS = cython.declare(cython.const[cython.int], 0x2)
VM_FAULT_MAJOR = cython.declare(cython.const[cython.int], 0x4)
VM_FAULT_SIGSEGV = cython.declare(cython.const[cython.int], 0x40)
VM_FAULT_NOPAGE = cython.declare(cython.const[cython.int], 0x100)
VM_FAULT_ERROR = cython.declare(cython.const[cython.int], 0x43)
