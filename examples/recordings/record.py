#!/usr/bin/env python3
"""Records a program as `strace -f` text, with the ELF layouts and the true maps at exit.

    record.py NAME [--options "-y"] -- COMMAND...     writes NAME.strace.gz, NAME.elf.json and
                                                      NAME.maps.json.gz

Each process is held for half a second in exit_group (strace's own --inject delay), and its
/proc/PID/maps and status are read there: the truth that the replay is compared with.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shlex
import subprocess
import time
from pathlib import Path

from mmtwin.trace.elf import ElfSet
from mmtwin.trace.strace import StraceReader

OPTIONS = "-f --seccomp-bpf -ttt -T -y -X verbose -s 0"
CALLS = (
    "mmap,munmap,mprotect,pkey_mprotect,mremap,madvise,brk,mlock,mlock2,munlock,mlockall,"
    "munlockall,msync,fork,vfork,clone,clone3,execve,execveat,exit,exit_group,open,openat,openat2,"
    "creat,close,dup,dup2,dup3,fcntl,memfd_create,ftruncate,shmget,shmat,shmdt,shmctl,prctl,"
    "arch_prctl,set_tid_address,read,pread64,readv,write,pwrite64,writev,unlink,unlinkat,rename,"
    "renameat,renameat2,fchdir,chdir,close_range,setrlimit,prlimit64"
)
EXIT_GROUP = "231"
DELAY_US = 500_000


def record(name: str, options: str, command: list[str]) -> None:
    """Run the command under strace and collect what is wanted."""
    text = Path(f"{name}.strace")
    strace = [
        "strace", *shlex.split(options), "-o", str(text), "-e", f"trace={CALLS}",
        "-e", f"inject=exit_group:delay_enter={DELAY_US}", "--", *command,
    ]  # fmt: skip
    truth: dict[str, str] = {}
    with subprocess.Popen(strace, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}) as process:
        while process.poll() is None:
            look(process.pid, truth)
            time.sleep(0.02)
    with open(text, "rb") as plain, gzip.GzipFile(f"{text}.gz", "wb", mtime=0) as packed:
        packed.write(plain.read())
    elfs = ElfSet(use_host=True)
    for event in StraceReader(text).events():
        if event.op == "execve":
            program = elfs.find(event.file)
            if program and program.interp:
                elfs.find(program.interp)
    text.unlink()
    Path(f"{name}.elf.json").write_text(elfs.to_json() + "\n")
    with gzip.GzipFile(f"{name}.maps.json.gz", "wb", mtime=0) as packed:
        packed.write(json.dumps(truth).encode())


def look(tracer: int, truth: dict[str, str]) -> None:
    """Read the maps of every process that this strace holds in exit_group."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or f"maps.{entry}" in truth:
            continue
        try:
            status = Path(f"/proc/{entry}/status").read_text()
            if f"TracerPid:\t{tracer}\n" not in status:
                continue
            for thread in os.listdir(f"/proc/{entry}/task"):
                call = Path(f"/proc/{entry}/task/{thread}/syscall").read_text()
                if call.split()[0] == EXIT_GROUP:
                    truth[f"maps.{entry}"] = Path(f"/proc/{entry}/maps").read_text()
                    truth[f"status.{entry}"] = status
                    break
        except OSError:
            continue


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--options", default=OPTIONS)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    record(arguments.name, arguments.options, arguments.command)
