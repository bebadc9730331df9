scenario reads_023
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 1808321
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 4583
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 49744
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 488015
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 4493
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 512
open F /mnt/f16m rdonly
ck before vmstat
pread F 0 19305
pread F 19305 19305 256K
pread F 38610 19305 256K
pread F 57915 19305 256K
pread F 77220 19305 256K
pread F 96525 19305 4K
pread F 115830 262144 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/f64m rdonly
ck before vmstat
pread F 13125632 4096 12345
pread F 13133824 4096 256K
pread F 13142016 4096 12345
pread F 13150208 4096 256K
pread F 13158400 4096
pread F 13166592 4096 256K
pread F 13174784 4096 256K
fadvise F 0 0 willneed
fadvise F 66170880 819200 sequential
fadvise F 0 0 willneed
pread F 52797440 28672
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
fadvise F 0 0 willneed
pread F 28672 4096 4K
fadvise F 12288 819200 dontneed
pread F 40960 28672
wait 200
ck after vmstat
mmap A 0 49744 r shared F 0
mincore A 49744
munmap A 49744
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 5539379 135168
pread F 9904128 36510 12345
pread F 1728591 8192
pread F 11156925 135168
pread F 11333632 8192 12345
pread F 15794176 32768 4K
pread F 790528 12288 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 0 135168 12345
pread F 135168 135168 12345
pread F 270336 135168
pread F 405504 135168 256K
pread F 540672 135168
pread F 675840 135168
pread F 811008 135168 4K
pread F 946176 135168
pread F 1081344 135168 12345
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
fadvise F 176128 4096 willneed
pread F 464982 133947
fadvise F 0 0 random
pread F 446464 126976
wait 200
ck after vmstat
mmap A 0 488015 r shared F 0
mincore A 488015
munmap A 488015
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 0 18478 4K
pread F 18478 4096 256K
pread F 22574 4096 12345
pread F 26670 4096
pread F 30766 409600 256K
pread F 440366 409600
pread F 849966 409600 12345
pread F 1259566 2992
pread F 1262558 4826 4K
pread F 1267384 4826 256K
pread F 1272210 4826
pread F 1277036 4826 12345
wait 200
ck after vmstat
mmap A 0 1808321 r shared F 0
mincore A 1808321
munmap A 1808321
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 2684911 10380 12345
pread F 2728059 10380 4K
pread F 2771207 10380 256K
pread F 2814355 10380 12345
pread F 2857503 10380
pread F 2900651 10380 12345
pread F 2943799 10380 256K
pread F 2986947 10380 4K
pread F 3030095 10380
pread F 3073243 10380 256K
pread F 3116391 10380 4K
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
open G /mnt/r4 rdonly
pread F 0 65536
pread G 4096 65536 256K
close G
wait 200
ck after vmstat
mmap A 0 4493 r shared F 0
mincore A 4493
munmap A 4493
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 188416 65536 256K
pread F 233548 130611
pread F 281220 47632 4K
pread F 98304 119644
pread F 204800 32768
pread F 217088 32768
pread F 315806 409600
wait 200
ck after vmstat
mmap A 0 488015 r shared F 0
mincore A 488015
munmap A 488015
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 0 409600
pread F 409600 409600 256K
pread F 819200 409600 256K
pread F 1228800 409600 12345
pread F 1638400 409600 12345
pread F 2048000 409600
pread F 2457600 409600 12345
pread F 2867200 409600 12345
pread F 3276800 12288
pread F 3289088 12288 256K
pread F 2661828 4096
pread F 8867840 1801
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 92311 4096 256K
pread F 96407 4096
pread F 100503 4096 4K
pread F 104599 4096 12345
fadvise F 331776 12288 normal
pread F 184320 409600
fadvise F 40960 65536 noreuse
wait 200
ck after vmstat
mmap A 0 488015 r shared F 0
mincore A 488015
munmap A 488015
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r priv F 0
r A+5613p 8p
r A+6758p 40p
pread F 17129472 135168
pread F 50783589 8192
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 1791937 16384 256K
pread F 1775553 16384
pread F 1759169 16384 12345
pread F 1742785 16384 12345
pread F 1726401 16384
pread F 1710017 16384
wait 200
ck after vmstat
mmap A 0 1808321 r shared F 0
mincore A 1808321
munmap A 1808321
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 397312 32768 4K
pread F 425984 32768 256K
pread F 430080 32768 256K
pread F 458752 32768
pread F 462848 32768 4K
close G
wait 200
ck after vmstat
mmap A 0 488015 r shared F 0
mincore A 488015
munmap A 488015
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 487 4096
wait 200
ck after vmstat
mmap A 0 4583 r shared F 0
mincore A 4583
munmap A 4583
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
fadvise F 4820992 12288 dontneed
pread F 9211904 409600 12345
fadvise F 0 0 noreuse
pread F 16093184 647 256K
pread F 5943296 11966 4K
pread F 8245248 409600 256K
pread F 6742049 4855 4K
pread F 10780672 135168 12345
pread F 7426048 4096 256K
pread F 3911680 12288
pread F 14602240 12288
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 479232 73983
pread G 323584 73983
pread G 397567 73983
pread G 471550 73983 4K
close G
wait 200
ck after vmstat
mmap A 0 488015 r shared F 0
mincore A 488015
munmap A 488015
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 45056 28672
open G /mnt/r2 rdonly
pread F 16384 135168
pread F 32768 135168
close G
wait 200
ck after vmstat
mmap A 0 49744 r shared F 0
mincore A 49744
munmap A 49744
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 0 20480 256K
wait 200
ck after vmstat
mmap A 0 4583 r shared F 0
mincore A 4583
munmap A 4583
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
