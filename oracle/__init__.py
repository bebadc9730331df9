"""The oracle: runs scenarios on a real Linux kernel and writes its answers as golden lines.

`packages` gets QEMU, busybox and Debian's kernels privately, `kernel` and `initramfs` make
a bootable guest of them, `disk` its file disk, `qemu` starts it, `exact` and `ordinary` are
the two ways to run scenarios, and `stream`, `views` and `golden` turn what the guest sends
into golden records.  Only the standard library is used.
"""


class OracleError(Exception):
    """One line that says what cannot be done, and what would help."""
