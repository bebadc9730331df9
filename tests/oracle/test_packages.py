"""What is chosen from Debian's archive, without asking it."""

import pytest

from oracle import OracleError
from oracle.packages import choose_kernel, choose_mirrors, sources_list, uris_in

KERNELS = [
    "linux-image-6.1.0-9-amd64",
    "linux-image-6.1.0-56-amd64",
    "linux-image-6.1.0-56-cloud-amd64",
    "linux-image-6.1.0-56-amd64-unsigned",
    "linux-image-6.1.0-56-rt-amd64",
    "linux-image-6.12.107+deb12-amd64",
    "linux-image-6.12.107+deb13-amd64",
    "linux-image-6.12.9+deb13-amd64",
    "linux-image-6.12.115+deb13.1-amd64",
    "linux-image-6.12-amd64",
    "linux-image-6.18.15+deb13-amd64",
    "linux-image-6.18.15+deb13-cloud-amd64",
    "linux-image-6.18.9+deb13-amd64",
]


@pytest.mark.parametrize(
    ("wanted", "package"),
    [
        ("6.1", "linux-image-6.1.0-56-amd64"),
        ("6.12", "linux-image-6.12.115+deb13.1-amd64"),
        ("6.12.107", "linux-image-6.12.107+deb13-amd64"),
        ("6.18", "linux-image-6.18.15+deb13-amd64"),
        ("6.18-cloud", "linux-image-6.18.15+deb13-cloud-amd64"),
        ("6.18.9", "linux-image-6.18.9+deb13-amd64"),
    ],
)
def test_the_newest_build_of_the_wanted_kernel_is_chosen(wanted: str, package: str) -> None:
    assert choose_kernel(KERNELS, wanted) == package


@pytest.mark.parametrize("wanted", ["", "six", "6", "6.12-rt", "6.12; rm", "../6.12"])
def test_what_is_no_kernel_version_is_refused(wanted: str) -> None:
    with pytest.raises(OracleError, match="no kernel version"):
        choose_kernel(KERNELS, wanted)


def test_a_kernel_that_the_archive_lacks_is_named() -> None:
    with pytest.raises(OracleError, match=r"no kernel 5\.10"):
        choose_kernel(KERNELS, "5.10")


def test_sources_are_read_in_both_of_apts_forms() -> None:
    one_line = (
        "# deb http://old.test/debian x main\ndeb [arch=amd64] http://a.test/debian/ b main\n"
    )
    deb822 = "Types: deb\nURIs: http://c.test/debian-security http://d.test/debian\nSuites: s\n"
    assert list(uris_in(one_line)) == ["http://a.test/debian/"]
    assert list(uris_in(deb822)) == ["http://c.test/debian-security", "http://d.test/debian"]


def test_the_hosts_own_mirrors_are_taken() -> None:
    uris = ["http://x.test/node", "http://a.test/debian/", "http://b.test/debian-security"]
    assert choose_mirrors(uris) == ("http://a.test/debian", "http://b.test/debian-security")
    assert choose_mirrors(uris[:2])[1] == "http://a.test/debian-security"


def test_a_host_without_a_debian_mirror_is_told_what_to_give() -> None:
    with pytest.raises(OracleError, match="--mirror"):
        choose_mirrors(["http://x.test/ubuntu"])


def test_every_suite_is_signed_by_the_hosts_keyring(tmp_path) -> None:
    lines = sources_list(("http://a.test/debian", "http://b.test/s"), tmp_path / "k.gpg")
    assert len(lines.splitlines()) == 7
    assert all(f"[signed-by={tmp_path}/k.gpg]" in line for line in lines.splitlines())
    assert "http://b.test/s trixie-security main" in lines
