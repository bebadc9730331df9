scenario reads_013
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 24066
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 18694
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 278842
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 8281
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 28511
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 28511 r shared F 0
madvise A 7p random
r A+5p 2p 8p
r A+1p 2p 17p
r A+3p 4p
r A+2p 5p
wait 200
ck after vmstat
mincore A 28511
munmap A 28511
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
frnd F 24576 36 78
wait 200
ck after vmstat
mmap A 0 28511 r shared F 0
mincore A 28511
munmap A 28511
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 16384 256K
pread F 4096 32768
pread F 4096 22989 256K
pread F 0 196608 4K
pread F 0 233370 256K
pread F 0 22977
pread F 4096 11533 12345
pread F 0 1395 12345
wait 200
ck after vmstat
mmap A 0 8281 r shared F 0
mincore A 8281
munmap A 8281
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 3679
pread F 0 2811
pread F 0 61440 256K
pread F 4096 3004
pread F 0 12288 12345
pread F 4096 20480
wait 200
ck after vmstat
mmap A 0 8281 r shared F 0
mincore A 8281
munmap A 8281
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 8192 28672 12345
fadvise F 0 0 sequential
wait 200
ck after vmstat
mmap A 0 18694 r shared F 0
mincore A 18694
munmap A 18694
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
madvise A 4096p willneed
r A+3192p 1p
r A+1122p 1p 2p
r A+1280p 1p
r A+2383p 1p
pread F 16470016 135168 12345
r A+2420p 1p 2p
pread F 4215638 22335
pread F 3006464 126976 256K
pread F 7172096 28672
pread F 14778368 131072 12345
pread F 1740800 6075 12345
pread F 13303808 61440 256K
pread F 1747689 16384
pread F 9102609 55621
pread F 9745246 4096 256K
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 2048 196608 12345
wait 200
ck after vmstat
mmap A 0 18694 r shared F 0
mincore A 18694
munmap A 18694
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 24066 r shared F 0
r A+3p 1p 16p
r A+1p 2p
r A+3p 1p 40p
wait 200
ck after vmstat
mincore A 24066
munmap A 24066
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 0 0 normal
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
frnd F 67108864 35 2
pread F 0 4096 256K
pread F 4096 4096
pread F 8192 4096
pread F 12288 4096 12345
pread F 16384 89110
pread F 105494 89110 12345
pread F 194604 89110 4K
pread F 283714 89110 12345
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
r A+1856p 17p
pread F 4476928 16384
r A+1160p 8p 2p
r A+2918p 2p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 24576 65536
wait 200
ck after vmstat
mmap A 0 28511 r shared F 0
mincore A 28511
munmap A 28511
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 28511 r priv F 0
madvise A 7p willneed
r A+5p 1p
pread F 4096 34795
r A+3p 4p
pread F 0 9087 4K
r A+5p 1p
r A+1p 6p
pread F 12288 16384 4K
r A+5p 1p 17p
pread F 0 4096 12345
wait 200
ck after vmstat
mincore A 28511
munmap A 28511
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 24576 61440 12345
wait 200
ck after vmstat
mmap A 0 28511 r shared F 0
mincore A 28511
munmap A 28511
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/f16m rdonly
ck before vmstat
pread F 0 8192
pread F 8192 135168 4K
pread F 143360 135168 256K
pread F 278528 135168
pread F 413696 262144
pread F 675840 262144 256K
pread F 937984 262144 4K
pread F 1200128 262144
pread F 1462272 262144
pread F 1724416 262144
pread F 1986560 262144 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 4096 3541 4K
pread F 7637 3541
pread F 11178 3541 12345
wait 200
ck after vmstat
mmap A 0 24066 r shared F 0
mincore A 24066
munmap A 24066
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 28511 r priv F 0
madvise A 7p sequential
r A+1p 6p 17p
pread F 12288 409600
r A+6p 1p
r A+0p 1p 2p
r A+3p 1p 3p
wait 200
ck after vmstat
mincore A 28511
munmap A 28511
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 12288 4096
pread F 16384 4096 4K
fadvise F 16384 163840 normal
fadvise F 0 0 willneed
pread F 4096 8192 4K
wait 200
ck after vmstat
mmap A 0 18694 r shared F 0
mincore A 18694
munmap A 18694
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r1 rdonly
ck before vmstat
read F 77409
read F 77409
read F 77409
read F 77409
wait 200
ck after vmstat
mmap A 0 18694 r shared F 0
mincore A 18694
munmap A 18694
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 20480
pread F 20480 20480
wait 200
ck after vmstat
mmap A 0 28511 r shared F 0
mincore A 28511
munmap A 28511
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
