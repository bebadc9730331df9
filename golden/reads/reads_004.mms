scenario reads_004
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 20227
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 55590
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 9636
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 1727881
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 126013
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r4 rdonly
ck before vmstat
read F 12677
read F 12677
read F 12677
read F 12677
wait 200
ck after vmstat
mmap A 0 126013 r shared F 0
mincore A 126013
munmap A 126013
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 20227 r priv F 0
madvise A 5p random
r A+4p 1p
r A+0p 5p 17p
r A+0p 1p
r A+4p 1p
readahead F 12288 32768
pread F 8508 4096 4K
pread F 8192 262144
pread F 4096 20480 4K
pread F 8192 135168 256K
pread F 16384 65536
wait 200
ck after vmstat
mincore A 20227
munmap A 20227
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 368640 4096
pread F 598016 65536 256K
pread F 674603 20384 256K
pread F 1294336 196608 256K
pread F 798720 16384
pread F 761856 16384 256K
read F 8192
read F 8192
read F 8192
read F 8192
read F 8192
wait 200
ck after vmstat
mmap A 0 1727881 r shared F 0
mincore A 1727881
munmap A 1727881
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 0 4096
pread F 4096 4096
pread F 8192 409600 4K
wait 200
ck after vmstat
mmap A 0 55590 r shared F 0
mincore A 55590
munmap A 55590
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 0 28672
pread F 28672 28672 256K
pread F 57344 28672 12345
pread F 86016 28672
pread F 114688 28672
pread F 143360 28672 12345
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 56369152 19499 256K
pread G 36007936 19499
pread F 56388651 19499
pread G 36027435 19499 4K
pread F 56408150 19499 12345
pread G 36046934 19499
pread F 56427649 19499 256K
pread G 36066433 19499
pread F 56447148 19499
pread G 36085932 19499 4K
pread F 56466647 19499 12345
pread G 36105431 19499 4K
pread F 56486146 19499 4K
pread G 36124930 19499 4K
pread F 56505645 19499
pread G 36144429 19499
pread F 56525144 19499
pread G 36163928 19499
close G
mmap A 0 67108864 r shared F 0
r A+3797p 2p 16p
r A+1749p 1p
r A+15450p 8p
pread F 15155200 32768
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
r A+3717p 2p
pread F 6518784 209746
pread F 6736722 209746 12345
pread F 6954660 209746 256K
pread F 7172598 209746 12345
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 53248 4096 dontneed
pread F 8192 16384 256K
pread F 32391 4096 256K
pread F 36487 8192 12345
wait 200
ck after vmstat
mmap A 0 55590 r shared F 0
mincore A 55590
munmap A 55590
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
readahead F 11968512 32768
pread F 1773568 65536 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 126013 r priv F 0
r A+12p 1p
r A+21p 1p
pread F 16384 16384 256K
r A+6p 8p 40p
r A+2p 1p
wait 200
ck after vmstat
mincore A 126013
munmap A 126013
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 20171591 4096
pread F 20183879 4096
pread F 20196167 4096
pread F 20208455 4096 12345
pread F 20220743 4096 4K
pread F 20233031 4096 12345
pread F 20245319 4096
pread F 20257607 4096
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r priv F 0
r A+7780p 2p 8p
r A+10702p 8p
r A+13114p 8p
r A+9298p 2p
pread F 24681607 196608 12345
read F 7320
read F 7320
read F 7320
read F 7320
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 96
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 0 0 noreuse
pread F 7812 4096
fadvise F 0 0 normal
pread F 0 32768
mmap A 0 9636 r shared F 0
madvise A 3p random
r A+0p 1p
wait 200
ck after vmstat
mincore A 9636
munmap A 9636
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
frnd F 16384 27 16
fadvise F 16384 4096 noreuse
pread F 16384 135168 4K
fadvise F 12288 65536 dontneed
pread F 12288 21524 4K
fadvise F 0 0 normal
pread F 9129 4096
wait 200
ck after vmstat
mmap A 0 20227 r shared F 0
mincore A 20227
munmap A 20227
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/f64m rdonly
ck before vmstat
lseek F 63982078
read F 14822
read F 14822
read F 14822
read F 14822
read F 14822
read F 14822
read F 14822
read F 14822
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 9999 135168
pread F 4096 31293 256K
pread F 2729 5013 12345
pread F 8192 23218
pread F 12288 28672
pread F 8192 12288
pread F 0 2247
pread F 2247 2247
pread F 4494 12288
pread F 16782 12288 256K
wait 200
ck after vmstat
mmap A 0 20227 r shared F 0
mincore A 20227
munmap A 20227
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 14407680 72338 4K
pread F 14606994 72338 256K
pread F 14806308 72338 12345
pread F 15005622 72338
pread F 15204936 72338 256K
pread F 15404250 72338 256K
pread F 15603564 72338 12345
pread F 15802878 72338
pread F 16002192 72338
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 36864 1360 12345
pread F 4096 32768 4K
pread F 49152 65536 12345
wait 200
ck after vmstat
mmap A 0 55590 r shared F 0
mincore A 55590
munmap A 55590
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/f64m rdonly
ck before vmstat
readahead F 42422272 2097152
pread F 10158080 892
pread F 27668480 65536 12345
pread F 48893241 16384
pread F 0 4096 4K
pread F 4096 12855 4K
pread F 16951 12855 4K
pread F 29806 12855 256K
pread F 42661 12855 4K
pread F 55516 12855
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r priv F 0
madvise A 16384p normal
r A+6246p 1p
r A+694p 1p
pread F 43166581 160555 4K
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
