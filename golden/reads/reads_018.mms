scenario reads_018
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 13512
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 23837
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 105972
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 83769
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 21785
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 105972 r shared F 0
madvise A 26p sequential
r A+18p 8p
r A+24p 2p
r A+8p 1p
wait 200
ck after vmstat
mincore A 105972
munmap A 105972
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 4458 61440 12345
pread F 4096 16384 4K
pread F 4096 262144
pread F 16384 61517
pread F 12288 12288
pread F 20480 126976 4K
pread F 18967 409600
pread F 0 131072 4K
pread F 4096 131072 256K
pread F 4096 28437 12345
wait 200
ck after vmstat
mmap A 0 21785 r shared F 0
mincore A 21785
munmap A 21785
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/r4 rdonly
ck before vmstat
pread F 4096 4096 4K
pread F 8192 4096
pread F 12288 4096 256K
pread F 16384 4096 4K
pread F 20480 4096 12345
wait 200
ck after vmstat
mmap A 0 21785 r shared F 0
mincore A 21785
munmap A 21785
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 409600 256K
wait 200
ck after vmstat
mmap A 0 83769 r shared F 0
mincore A 83769
munmap A 83769
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 0 2996 256K
pread F 2996 2996
pread F 5992 2996
pread F 8988 2996 4K
pread F 11984 34099 12345
wait 200
ck after vmstat
mmap A 0 13512 r shared F 0
mincore A 13512
munmap A 13512
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 21785 r priv F 0
r A+4p 2p 3p
wait 200
ck after vmstat
mincore A 21785
munmap A 21785
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 33071104 65536
fadvise F 59908096 819200 willneed
pread F 22364160 10039 12345
fadvise F 0 0 normal
pread F 47034368 196608 12345
pread F 47230976 196608
frnd F 67108864 13 84
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 83769 r priv F 0
r A+6p 2p
r A+5p 1p
pread F 57344 262144 256K
wait 200
ck after vmstat
mincore A 83769
munmap A 83769
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 49152 135511 256K
pread F 24576 1247 256K
pread F 40960 126976 256K
wait 200
ck after vmstat
mmap A 0 83769 r shared F 0
mincore A 83769
munmap A 83769
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 27193344 4096 256K
pread F 20152320 16384 12345
pread F 43233280 43531 256K
pread F 38173662 12058 4K
pread F 56025088 8192
pread F 27783168 28672
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r1 rdonly
ck before vmstat
frnd F 20480 23 96
wait 200
ck after vmstat
mmap A 0 23837 r shared F 0
mincore A 23837
munmap A 23837
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 2048 60375 12345
wait 200
ck after vmstat
mmap A 0 13512 r shared F 0
mincore A 13512
munmap A 13512
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 96
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 99332 4096 willneed
pread F 77824 126976 4K
fadvise F 69632 12288 noreuse
pread F 102400 4096 256K
wait 200
ck after vmstat
mmap A 0 105972 r shared F 0
mincore A 105972
munmap A 105972
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 8192 16384
pread F 8192 20480
pread F 8192 262144 256K
pread F 10566 4096 256K
pread F 7290 135168
pread F 0 65536 12345
pread F 4096 1329
pread F 0 8693
pread F 16384 409600 4K
wait 200
ck after vmstat
mmap A 0 21785 r shared F 0
mincore A 21785
munmap A 21785
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 14111 129701 256K
pread F 12288 196608
pread F 0 32768 256K
pread F 20115 14619
pread F 22306 4096 256K
pread F 8798 38371 256K
pread F 12882 4096 12345
wait 200
ck after vmstat
mmap A 0 23837 r shared F 0
mincore A 23837
munmap A 23837
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 105972 r priv F 0
r A+10p 1p
pread F 98304 196608 4K
r A+10p 16p
r A+3p 1p
r A+1p 1p 17p
r A+13p 1p
pread F 90112 409600
wait 200
ck after vmstat
mincore A 105972
munmap A 105972
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 94208 224273 12345
pread F 49152 262144
pread F 69632 262144 4K
pread F 28672 61440
pread F 4096 4096 12345
pread F 53248 131072
pread F 73238 21699
pread F 45266 8192 12345
wait 200
ck after vmstat
mmap A 0 105972 r shared F 0
mincore A 105972
munmap A 105972
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 105972 r shared F 0
madvise A 26p normal
r A+18p 8p
pread F 63921 126976
r A+8p 18p 16p
r A+19p 1p 17p
r A+18p 1p
pread F 61440 50738 4K
wait 200
ck after vmstat
mincore A 105972
munmap A 105972
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 17724 6113 256K
pread F 11611 6113 12345
pread F 5498 6113
wait 200
ck after vmstat
mmap A 0 23837 r shared F 0
mincore A 23837
munmap A 23837
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
