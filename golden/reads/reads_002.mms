scenario reads_002
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 2220303
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 8547
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 842980
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 221718
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 367089
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 8547 r priv F 0
r A+0p 1p
open G /mnt/r1 rdonly
pread F 6940 28672 256K
pread G 0 28672
close G
wait 200
ck after vmstat
mincore A 8547
munmap A 8547
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+13587p 17p
r A+11935p 40p
r A+14606p 1p 16p
r A+15119p 17p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 4096 196608
pread F 5319 8787 4K
pread F 4096 409600 12345
pread F 4096 20480 256K
pread F 0 65536
pread F 0 4096
pread F 0 4012
pread F 0 4096 256K
wait 200
ck after vmstat
mmap A 0 8547 r shared F 0
mincore A 8547
munmap A 8547
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 0 126976
pread F 126976 126976
pread F 253952 126976
pread F 380928 126976
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
pread F 0 10057
pread F 10057 3173 4K
pread F 13230 3173
pread F 16403 3173 4K
pread F 19576 3173 256K
pread F 22749 65536 12345
pread F 88285 65536
pread F 153821 65536
pread F 219357 65536 256K
pread F 237568 371245
pread F 612909 371245 4K
wait 200
ck after vmstat
mmap A 0 842980 r shared F 0
mincore A 842980
munmap A 842980
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
fadvise F 159744 163840 willneed
fadvise F 0 0 sequential
pread F 3526656 409600 256K
pread F 3936256 409600 12345
pread F 4345856 409600 4K
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
fadvise F 0 0 normal
fadvise F 64397312 819200 normal
pread F 49184768 126976
pread F 49311744 126976
pread F 49438720 126976 256K
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
readahead F 8048640 409600
pread F 27950424 4096
pread F 50049024 4096 4K
pread F 25817088 126976 4K
pread F 18743296 66628
pread F 16502784 65536
pread F 14143488 261069 256K
pread F 47994194 4407 4K
pread F 64094208 77795 4K
fadvise F 0 0 dontneed
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
pread F 0 6400 256K
pread F 6400 6400 12345
pread F 12800 6400
pread F 19200 6400 4K
pread F 25600 409600 12345
pread F 16760832 16384 4K
pread F 16744448 16384 256K
pread F 16728064 16384 12345
pread F 16711680 16384
pread F 16695296 16384 4K
pread F 16678912 16384 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 221718 r shared F 0
madvise A 55p normal
r A+17p 2p
r A+26p 17p
r A+35p 1p 40p
pread F 214874 28672
r A+25p 30p
wait 200
ck after vmstat
mincore A 221718
munmap A 221718
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 167936 20480 4K
pread G 24576 20480
pread F 188416 20480
pread G 45056 20480 4K
pread F 208896 20480 12345
pread G 65536 20480
pread G 86016 20480 256K
pread G 106496 20480 12345
pread G 126976 20480 12345
pread G 147456 20480
close G
wait 200
ck after vmstat
mmap A 0 221718 r shared F 0
mincore A 221718
munmap A 221718
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 0 196608 256K
wait 200
ck after vmstat
mmap A 0 8547 r shared F 0
mincore A 8547
munmap A 8547
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 8547 r priv F 0
r A+0p 1p
r A+2p 1p
pread F 7657 126976 4K
wait 200
ck after vmstat
mincore A 8547
munmap A 8547
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 251904 61440 256K
pread F 440320 61440 256K
pread F 628736 61440 4K
pread F 817152 61440 12345
pread F 532480 131072
pread F 835584 4096
wait 200
ck after vmstat
mmap A 0 842980 r shared F 0
mincore A 842980
munmap A 842980
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
lseek F 6213
read F 20480
read F 20480
read F 20480
mmap A 0 8547 r priv F 0
r A+1p 2p 16p
r A+2p 1p 3p
wait 200
ck after vmstat
mincore A 8547
munmap A 8547
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r0 rdonly
ck before vmstat
read F 126976
read F 126976
read F 126976
read F 126976
wait 200
ck after vmstat
mmap A 0 2220303 r shared F 0
mincore A 2220303
munmap A 2220303
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r4 rdonly
ck before vmstat
pread F 147190 409600 256K
pread F 208896 61440
pread F 192512 262144 256K
pread F 229376 16384 4K
pread F 66613 8192 256K
pread F 40389 135168 256K
pread F 347603 19486 12345
pread F 328117 19486 256K
pread F 308631 19486 4K
pread F 289145 19486
pread F 269659 19486 256K
pread F 250173 19486 256K
pread F 230687 19486
pread F 211201 19486 4K
pread F 191715 19486
wait 200
ck after vmstat
mmap A 0 367089 r shared F 0
mincore A 367089
munmap A 367089
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
lseek F 33574912
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
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
mmap A 0 221718 r shared F 0
r A+54p 1p
r A+8p 1p
wait 200
ck after vmstat
mincore A 221718
munmap A 221718
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 1642496 262144 256K
pread F 2216207 4096 4K
pread F 2212111 4096 4K
pread F 2208015 4096 4K
pread F 2203919 4096
pread F 2199823 4096 4K
pread F 2195727 4096 4K
pread F 2191631 4096 12345
pread F 2187535 4096 4K
pread F 2183439 4096
pread F 2179343 4096
pread F 2175247 4096 4K
wait 200
ck after vmstat
mmap A 0 2220303 r shared F 0
mincore A 2220303
munmap A 2220303
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
