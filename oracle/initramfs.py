"""The guest's first file system: busybox, the runner, the task program and modules.

The archive is written here (`newc`, uncompressed, owned by root, without times), so that
the same inputs always give the same bytes.
"""

import hashlib
from pathlib import Path

from oracle import OracleError
from oracle.shell import run

SOURCES = Path(__file__).parent / "runner"
DIRECTORIES = (
    "bin", "cg", "dev", "mnt", "modules", "proc", "sys", "tmp",
)  # fmt: skip
RUNNER = (
    "main.c", "port.c", "value.c", "names.c", "tasks.c", "files.c", "command.c", "machine.c",
    "show.c", "pagemap.c", "trace.c",
)  # fmt: skip
TASK = ("task.c", "task_mem.c", "task_touch.c", "task_file.c")
TASK_FLAGS = (
    "-Os", "-ffreestanding", "-fno-stack-protector", "-fno-pic", "-no-pie", "-nostdlib",
    "-static", "-mgeneral-regs-only", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
    "-fno-tree-loop-distribute-patterns", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
)  # fmt: skip
DIRECTORY, FILE, DEVICE = 0o040755, 0o100755, 0o020600
CONSOLE = (5, 1)


def entry(name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    """One member of a newc archive."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


def archive(files: dict[str, bytes]) -> bytes:
    parts = [entry(name, DIRECTORY) for name in DIRECTORIES]
    parts.append(entry("dev/console", DEVICE, device=CONSOLE))
    parts += [entry(name, FILE, data) for name, data in files.items()]
    parts.append(entry("TRAILER!!!", 0))
    return b"".join(parts)


def compile_runner(build: Path) -> tuple[bytes, bytes]:
    """The runner and the task program.  Raises OracleError where there is no C compiler."""
    sources = sorted(SOURCES.iterdir())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    runner, task = build / f"runner-{digest}", build / f"exe-{digest}"
    build.mkdir(parents=True, exist_ok=True)
    if not runner.exists() or not task.exists():
        run(["gcc", "-O2", "-static", "-o", runner, *(SOURCES / name for name in RUNNER)])
        script = ["-T", str(SOURCES / "task.ld")]
        run(["gcc", *TASK_FLAGS, *script, "-o", task, *(SOURCES / name for name in TASK)])
    if task.stat().st_size > 1 << 20:
        raise OracleError("the task program has outgrown its eight pages")
    return runner.read_bytes(), task.read_bytes()


def build(
    modules: dict[str, bytes], busybox: bytes, programs: tuple[bytes, bytes], files_mib: int
) -> bytes:
    init = (SOURCES / "init").read_text().replace("SIZE_OF_FILES", str(files_mib))
    files = {"init": init.encode(), "bin/busybox": busybox}
    files["runner"], files["exe"] = programs
    files |= {f"modules/{name}.ko": data for name, data in modules.items()}
    files["modules/order"] = "".join(f"{name}.ko\n" for name in modules).encode()
    return archive(files)
