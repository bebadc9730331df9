"""Kernel files as the golden records show them."""

import pytest

from mmtwin.scenario.kernel_files import view

MAPS = """\
00400000-00408000 r-xp 00000000 00:02 12  /exe
0040d000-0058f000 rw-p 00000000 00:00 0                                  [heap]
10000000-10080000 rw-s 00000000 00:02 13  /control
7ffff7a00000-7ffff7e00000 r--p 00400000 103:01 14  /mnt/f16m (deleted)
7ffff7ff9000-7ffff7ffd000 r--p 00000000 00:00 0                          [vvar]
7ffff7ffd000-7ffff7fff000 r-xp 00000000 00:00 0                          [vdso]
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
"""

CASES = [
    (
        "maps",
        MAPS,
        {
            "maps": [
                ["0040d000", "0058f000", "rw-p", 0, "[heap]"],
                ["7ffff7a00000", "7ffff7e00000", "r--p", 1024, "/mnt/f16m (deleted)"],
                ["7ffffffde000", "7ffffffff000", "rw-p", 0, "[stack]"],
            ]
        },
    ),
    (
        "smaps",
        "00400000-00408000 r-xp 00000000 00:02 12  /exe\nSize:    32 kB\nVmFlags: rd ex \n"
        "7ffff7fe9000-7ffff7ff9000 rw-p 00000000 00:00 0 \n"
        "Size:                 64 kB\nKernelPageSize:        4 kB\nRss:                   0 kB\n"
        "Pss:                   4 kB\nTHPeligible:           0\nVmFlags: rd wr sd \n",
        {
            "7ffff7fe9000-7ffff7ff9000.Size": 64,
            "7ffff7fe9000-7ffff7ff9000.Pss": 4,
            "7ffff7fe9000-7ffff7ff9000.THPeligible": 0,
            "7ffff7fe9000-7ffff7ff9000.VmFlags": "rd wr sd",
        },
    ),
    (
        "smaps_rollup",
        "00400000-7ffffffff000 ---p 00000000 00:00 0    [rollup]\nRss:   576 kB\nPss:  0 kB\n",
        {"Rss": 576, "Pss": 0},
    ),
    (
        "status",
        "Name:\texe\nVmPeak:\t     720 kB\nRssAnon:\t 32 kB\nHugetlbPages:\t 0 kB\nThreads:\t1\n",
        {"VmPeak": 720, "RssAnon": 32, "HugetlbPages": 0},
    ),
    (
        "stat",
        "75 (a b) c) R 1 2 3 4 5 6 31 8 9 10 11 12 13 14 15 16 17 18 19 737280 136 22\n",
        {"minflt": 31, "majflt": 9, "vsize": 737280, "rss": 136},
    ),
    ("statm", "180 144 136 8 0 38 0\n", {"statm": "180 144 136 8 0 38 0"}),
    (
        "numa_maps",
        "00400000 default file=/exe mapped=8 kernelpagesize_kB=4\n"
        "7ffff7fe9000 bind:1 anon=16 dirty=16 N1=16 kernelpagesize_kB=4\n",
        {"7ffff7fe9000": "bind:1 anon=16 dirty=16 N1=16"},
    ),
    ("oom_score", "675\n", {"oom_score": 675}),
    (
        "meminfo",
        "MemTotal:  1508008 kB\nActive(anon):  4 kB\nHugePages_Total:       0\n",
        {"MemTotal": 1508008, "Active(anon)": 4, "HugePages_Total": 0},
    ),
    ("vmstat", "nr_free_pages 306582\npgfault 5\n", {"nr_free_pages": 306582, "pgfault": 5}),
    (
        "buddyinfo",
        "Node 0, zone      DMA      0      1 \nNode 1, zone    DMA32      7      8 \n",
        {"N0.DMA.o0": 0, "N0.DMA.o1": 1, "N1.DMA32.o0": 7, "N1.DMA32.o1": 8},
    ),
    (
        "zoneinfo",
        "Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 1\n  pages free     3776\n"
        "        boost    0\n        min      12\n        low      15\n        high     18\n"
        "        spanned  4095\n        present  3998\n        managed  3840\n"
        "      nr_free_pages 3776\n  pagesets\n    cpu: 0\n              count:    5\n"
        "              high:     6\n              batch:    1\n              high_min: 9\n",
        {
            "N0.DMA.free": 3776,
            "N0.DMA.boost": 0,
            "N0.DMA.min": 12,
            "N0.DMA.low": 15,
            "N0.DMA.high": 18,
            "N0.DMA.spanned": 4095,
            "N0.DMA.present": 3998,
            "N0.DMA.managed": 3840,
            "N0.DMA.pcp0.count": 5,
            "N0.DMA.pcp0.high": 6,
            "N0.DMA.pcp0.batch": 1,
        },
    ),
    (
        "slabinfo",
        "slabinfo - version: 2.1\n# name ...\nvm_area_struct  1035 1040  176  23  1 : tunables"
        "    0    0    0 : slabdata     45     46      0\n",
        {
            "vm_area_struct.active": 1035,
            "vm_area_struct.total": 1040,
            "vm_area_struct.slabs": 46,
            "vm_area_struct.geom": "176/23/1",
        },
    ),
    (
        "pagetypeinfo",
        "Page block order: 9\nFree pages count per migrate type at order 0 1\n"
        "Node    0, zone    DMA32, type    Unmovable      2 >100000\n"
        "\nNumber of blocks type     Unmovable      Movable\nNode 0, zone    DMA32      3     44\n",
        {
            "N0.DMA32.Unmovable.o0": 2,
            "N0.DMA32.Unmovable.o1": ">100000",
            "N0.DMA32.Unmovable.blocks": 3,
            "N0.DMA32.Movable.blocks": 44,
        },
    ),
    (
        "swaps",
        "Filename Type Size Used Priority\n/dev/nullb0   partition\t1048572\t49408\t-2\n",
        {"/dev/nullb0": 49408},
    ),
    ("n0mem", "Node 0 MemTotal:       77 kB\n", {"MemTotal": 77}),
    (
        "psi",
        "some avg10=0.00 avg60=1.50 avg300=0.00 total=17\n",
        {"some.avg10": 0.0, "some.avg60": 1.5, "some.avg300": 0.0, "some.total": 17},
    ),
    (
        "lru_gen",
        "memcg     1 /\n node     0\n          0      14650       2642          0 \n"
        "          1      14650        427          3 \nmemcg    61 /a\n node     1\n"
        "          0       9          0          0 \n",
        {"/|n0|g0": "2642/0", "/|n0|g1": "427/3", "/a|n1|g0": "0/0"},
    ),
    (
        "zram",
        "  4096   43   4096   0   4096   0   0   0   0\n",
        {
            "orig": 4096,
            "compr": 43,
            "mem_used": 4096,
            "limit": 0,
            "max": 4096,
            "same": 0,
            "compacted": 0,
            "huge": 0,
            "huge_since": 0,
        },
    ),
    (
        "pm:A:1M",
        "0+54:Pxd:400205828:1\n54+202:-d\nsegs 54 0\n",
        {"runs": ["0+54:Pxd:400205828:1", "54+202:-d"], "segs": [54, 0]},
    ),
    (
        "hugetlb",
        "== nr_hugepages\n10\n== free_hugepages\n9\n",
        {"nr_hugepages": 10, "free_hugepages": 9},
    ),
    (
        "cg:a",
        "== memory.current\n262144\n== memory.events\nlow 0\noom_kill 1\n== memory.stat\nanon 5\n"
        "== memory.numa_stat\nanon N0=5 N1=0\n",
        {
            "current": 262144,
            "events.low": 0,
            "events.oom_kill": 1,
            "S.anon": 5,
            "numa_stat.anon": "N0=5 N1=0",
        },
    ),
    ("/proc/sys/vm/stat_interval", "1\n", {"text": ["1"]}),
    ("/proc/vmstat", "a 1\nb 2\n", {"a": 1, "b": 2}),
    ("/sys/block/zram0/comp_algorithm", "[lz4] zstd \n", {"text": ["[lz4] zstd "]}),
]


@pytest.mark.parametrize(("kind", "text", "shown"), CASES, ids=[case[0] for case in CASES])
def test_a_kernel_file_is_shown_as(kind: str, text: str, shown: dict) -> None:
    assert view(kind, text) == shown


@pytest.mark.parametrize("kind", [case[0] for case in CASES if case[0] != "stat"])
def test_an_empty_file_shows_nothing_and_breaks_nothing(kind: str) -> None:
    assert isinstance(view(kind, ""), dict)
