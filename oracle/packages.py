"""Debian packages without installing any: an apt configuration of the oracle's own.

Lists, cache and state lie in the cache directory; the dpkg status file there is empty, so
that a package comes with everything it needs.  Taken from the host are only its mirror,
its keyrings and how it connects (proxies, timeouts, passwords).  Packages are unpacked
side by side into one tree, and its programs run with its own loader and libraries, so it
does not matter which release the host runs.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from oracle import OracleError
from oracle.shell import run

SUITES = ("bookworm", "bookworm-updates", "trixie", "trixie-updates", "trixie-backports")
SECURITY_SUITES = ("bookworm-security", "trixie-security")
DEFAULT_SUITE = "trixie"
TOOLS = ("qemu-system-x86", "qemu-utils", "busybox-static", "e2fsprogs", "zstd")
LISTS_AGE = 7 * 86400.0
SOURCES = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
INHERITED = re.compile(r"^Acquire::(?!IndexTargets|Languages|GzipIndexes)")


def uris_in(text: str) -> Iterator[str]:
    """The archive addresses of an apt source file, of the one-line or of the deb822 form."""
    for line in text.splitlines():
        if match := re.match(r"\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)", line):
            yield match[1]
        elif match := re.match(r"\s*URIs:\s*(.+)", line, re.I):
            yield from match[1].split()


def choose_mirrors(uris: Sequence[str]) -> tuple[str, str]:
    """The Debian archive and its security archive among a host's sources."""
    main = [u.rstrip("/") for u in uris if u.rstrip("/").endswith("/debian")]
    security = [u.rstrip("/") for u in uris if u.rstrip("/").endswith("/debian-security")]
    if not main:
        raise OracleError(
            f"no Debian archive among the sources in {SOURCES}: give one with --mirror URL"
        )
    return main[0], security[0] if security else main[0] + "-security"


def host_sources() -> list[str]:
    files = [SOURCES / "sources.list", *sorted(SOURCES.glob("sources.list.d/*"))]
    return [uri for file in files if file.is_file() for uri in uris_in(file.read_text())]


def sources_list(mirrors: tuple[str, str], keyring: Path) -> str:
    lines = [f"deb [signed-by={keyring}] {mirrors[0]} {suite} main" for suite in SUITES]
    lines += [f"deb [signed-by={keyring}] {mirrors[1]} {suite} main" for suite in SECURITY_SUITES]
    return "\n".join(lines) + "\n"


def version_key(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def choose_kernel(names: Sequence[str], wanted: str) -> str:
    """The newest package for a wanted kernel: `6.12`, `6.12.107` or `6.18-cloud`.

    Debian 13's own builds go before rebuilds of the same version for older releases.
    """
    number, _, flavour = wanted.partition("-")
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", number) or flavour not in ("", "cloud"):
        raise OracleError(f"no kernel version: {wanted} (as in 6.12, 6.12.107, 6.18-cloud)")
    tail = "-cloud-amd64" if flavour else "-amd64"
    form = re.compile(
        rf"linux-image-({re.escape(number)}(?:\.\d+)*(?:-\d+)?)((?:\+deb|~bpo)[\d.]+)?{tail}"
    )
    found = [(version_key(m[1]), m[2] or "", n) for n in names if (m := form.fullmatch(n))]
    if not found:
        raise OracleError(f"Debian's archive has no kernel {wanted} in {', '.join(SUITES)}")
    return max(found, key=lambda f: (f[0], version_key(f[1])))[2]


class Packages:
    """Debian's archive as the oracle sees it."""

    def __init__(self, cache: Path, mirror: str | None = None) -> None:
        self.directory = cache / "apt"
        self.tools = cache / "tools"
        self.kernels = cache / "kernels"
        self._mirror = mirror
        self._env = {**os.environ, "APT_CONFIG": str(self.directory / "apt.conf")}

    def configure(self) -> None:
        for name in ("lists/partial", "archives/partial", "parts"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "status").touch()
        mirror = (self._mirror or "").rstrip("/")
        mirrors = (mirror, mirror + "-security") if mirror else choose_mirrors(host_sources())
        (self.directory / "sources.list").write_text(sources_list(mirrors, KEYRING))
        (self.directory / "apt.conf").write_text(self._configuration())

    def _configuration(self) -> str:
        here = self.directory
        kept = [line for line in run(["apt-config", "dump"]).splitlines() if INHERITED.match(line)]
        return "\n".join(
            [
                *kept,
                f'Dir::State "{here}";',
                f'Dir::State::lists "{here}/lists";',
                f'Dir::State::status "{here}/status";',
                f'Dir::Cache "{here}";',
                f'Dir::Cache::archives "{here}/archives";',
                f'Dir::Etc::sourcelist "{here}/sources.list";',
                f'Dir::Etc::sourceparts "{here}/parts";',
                f'Dir::Etc::preferencesparts "{here}/parts";',
                f'Dir::Etc::parts "{here}/parts";',
                'Dir::Etc::main "/dev/null";',
                'Dir::Etc::preferences "/dev/null";',
                'APT::Architecture "amd64";',
                'APT::Architectures { "amd64"; };',
                f'APT::Default-Release "{DEFAULT_SUITE}";',
                'APT::Install-Recommends "false";',
                'APT::Sandbox::User "root";',
                'Acquire::Languages "none";',
                "",
            ]
        )

    def update(self) -> None:
        """Package lists, unless those at hand are recent."""
        stamp = self.directory / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_AGE:
            return
        self.configure()
        self._apt("update", "-q")
        stamp.touch()

    def _apt(self, *words: str) -> str:
        return run(["apt-get", *words], timeout=900, env=self._env)

    def download(self, *names: str) -> list[Path]:
        """The .deb files of packages with all that they depend on."""
        self.update()
        plan = run(["apt-get", "install", "--print-uris", "-qq", "-y", *names], env=self._env)
        self._apt("install", "--download-only", "-qq", "-y", *names)
        files = re.findall(r"^'[^']+' (\S+\.deb) ", plan, re.M)
        return [self.directory / "archives" / file for file in files]

    def _download_one(self, name: str) -> Path:
        target = self.directory / "archives"
        run(["sh", "-c", f'cd "{target}" && exec apt-get -qq download {name}'], 900, self._env)
        found = sorted(target.glob(f"{name}_*.deb"), key=lambda p: p.stat().st_mtime)
        if not found:
            raise OracleError(f"apt-get downloaded no {name}")
        return found[-1]

    def tools_tree(self) -> Path:
        """QEMU, busybox and the file system tools, unpacked with their libraries."""
        done = self.tools / ".complete"
        if done.exists() and done.read_text().split() == list(TOOLS):
            return self.tools
        self.tools.mkdir(parents=True, exist_ok=True)
        for file in self.download(*TOOLS):
            run(["dpkg-deb", "-x", file, self.tools])
            file.unlink()
        done.write_text("\n".join(TOOLS))
        return self.tools

    def kernel_tree(self, wanted: str) -> Path:
        """A kernel package, unpacked."""
        ready = self._unpacked(wanted)
        if ready:
            return ready
        self.update()
        listing = run(["apt-cache", "pkgnames", "linux-image-"], env=self._env)
        name = choose_kernel(listing.split(), wanted)
        tree = self.kernels / name
        if not (tree / ".complete").exists():
            tree.mkdir(parents=True, exist_ok=True)
            package = self._download_one(name)
            run(["dpkg-deb", "-x", package, tree])
            package.unlink()
            (tree / ".complete").touch()
        return tree

    def _unpacked(self, wanted: str) -> Path | None:
        """A kernel that was unpacked before and still is the newest as the lists tell."""
        names = [path.parent.name for path in self.kernels.glob("*/.complete")]
        if wanted.count(".") < 2:
            return None
        try:
            return self.kernels / choose_kernel(names, wanted)
        except OracleError:
            return None

    def program(self, name: str) -> list[str]:
        """The start of a command line that runs one of the unpacked programs."""
        tree = self.tools_tree()
        return [*loader(tree), str(find_program(tree, name))]


def find_program(tree: Path, name: str) -> Path:
    for directory in ("usr/bin", "usr/sbin", "bin", "sbin"):
        if (tree / directory / name).exists():
            return tree / directory / name
    raise OracleError(f"the unpacked packages have no {name}")


def loader(tree: Path) -> list[str]:
    found = [*tree.glob("usr/lib64/ld-linux-x86-64.so.2"), *tree.glob("lib64/ld-linux-x86-64.so.2")]
    if not found:
        found = [*tree.glob("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")]
    if not found:
        raise OracleError("the unpacked packages have no program loader")
    libraries = [tree / "usr/lib/x86_64-linux-gnu", tree / "lib/x86_64-linux-gnu"]
    return [str(found[0]), "--library-path", ":".join(str(p) for p in libraries if p.is_dir())]
