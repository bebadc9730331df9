"""types.py for mypy: C integers are Python's, arrays are indexed, records have their fields.

Fields are not repeated here: Cython checks them when it compiles the engine.
"""

from typing import Any, TypeAlias

class Ints:
    """An array of integers."""

    def __getitem__(self, i: int) -> int: ...
    def __setitem__(self, i: int, value: int) -> None: ...
    def __len__(self) -> int: ...

class Records:
    """An array of structs."""

    def __getitem__(self, i: int) -> Any: ...
    def __len__(self) -> int: ...

u8: TypeAlias = int
u16: TypeAlias = int
u32: TypeAlias = int
u64: TypeAlias = int
i32: TypeAlias = int
i64: TypeAlias = int

U8s: TypeAlias = Ints
U16s: TypeAlias = Ints
U32s: TypeAlias = Ints
U64s: TypeAlias = Ints
I64s: TypeAlias = Ints

Pages: TypeAlias = Records
Vmas: TypeAlias = Records
Mms: TypeAlias = Records
Tasks: TypeAlias = Records
Inodes: TypeAlias = Records
Files: TypeAlias = Records
Sysctls: TypeAlias = Records
Currents: TypeAlias = Records

Page: Any
Vma: Any
Mm: Any
Task: Any
Inode: Any
File: Any
Sysctl: Any
Current: Any
