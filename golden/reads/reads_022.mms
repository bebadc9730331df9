scenario reads_022
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 2252333
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 4785
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 416674
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 18840
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 2535495
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
frnd F 16384 4 73
wait 200
ck after vmstat
mmap A 0 18840 r shared F 0
mincore A 18840
munmap A 18840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16775211 2005 12345
pread F 16773206 2005 256K
pread F 16771201 2005 256K
pread F 16769196 2005
pread F 16767191 2005 4K
pread F 16765186 2005 256K
pread F 16763181 2005 12345
pread F 16761176 2005
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
frnd F 2248704 22 68
pread F 2248237 4096 12345
pread F 2244141 4096 256K
pread F 2240045 4096 12345
pread F 2235949 4096 4K
pread F 2231853 4096 4K
pread F 2227757 4096
pread F 2223661 4096 256K
wait 200
ck after vmstat
mmap A 0 2252333 r shared F 0
mincore A 2252333
munmap A 2252333
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 290816 409600 4K
pread F 266240 4096
pread F 86016 131072 256K
pread F 184320 196608 12345
pread F 69632 20480
wait 200
ck after vmstat
mmap A 0 416674 r shared F 0
mincore A 416674
munmap A 416674
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
madvise A 4096p normal
r A+1110p 8p
r A+3875p 2p 40p
r A+907p 40p 8p
r A+149p 1p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/r0 rdonly
ck before vmstat
frnd F 2248704 12 5
wait 200
ck after vmstat
mmap A 0 2252333 r shared F 0
mincore A 2252333
munmap A 2252333
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
frnd F 16777216 14 68
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
lseek F 405504
read F 20480
read F 20480
read F 20480
wait 200
ck after vmstat
mmap A 0 2252333 r shared F 0
mincore A 2252333
munmap A 2252333
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
readahead F 12378 2097152
pread F 4096 262144
pread F 0 28672 12345
wait 200
ck after vmstat
mmap A 0 18840 r shared F 0
mincore A 18840
munmap A 18840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 135168 28672
pread F 163840 28672 256K
pread F 192512 28672
pread F 221184 28672 12345
pread F 249856 28672
pread F 278528 28672 12345
pread F 307200 28672 256K
pread F 335872 28672 12345
fadvise F 0 0 sequential
pread F 11673770 409600
pread F 12083370 409600 12345
pread F 12492970 409600
fadvise F 0 0 random
pread F 2600960 409600
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
lseek F 5128192
read F 78434
read F 78434
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 8192 256K
pread F 8192 8192 256K
pread F 16384 8192 4K
pread F 24576 8192 12345
wait 200
ck after vmstat
mmap A 0 416674 r shared F 0
mincore A 416674
munmap A 416674
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 2252333 r shared F 0
r A+288p 1p
pread F 1318912 924
r A+455p 40p
pread F 1998848 131072 4K
r A+314p 1p
fadvise F 1947353 819200 dontneed
pread F 909312 18226 4K
fadvise F 0 0 sequential
pread F 638976 262144 12345
wait 200
ck after vmstat
mincore A 2252333
munmap A 2252333
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 96
open F /mnt/r1 rdonly
ck before vmstat
pread F 2387 135168 4K
wait 200
ck after vmstat
mmap A 0 4785 r shared F 0
mincore A 4785
munmap A 4785
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 598016 4096
pread F 737280 4096 12345
pread F 876544 4096 4K
pread F 1015808 4096 256K
wait 200
ck after vmstat
mmap A 0 2535495 r shared F 0
mincore A 2535495
munmap A 2535495
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 8192 163840 dontneed
pread F 4096 196608 256K
fadvise F 4096 12288 noreuse
pread F 16384 61440 12345
fadvise F 8192 65536 normal
pread F 4096 126976
open G /mnt/r3 rdonly
pread F 0 28672 256K
pread G 16384 28672 12345
close G
wait 200
ck after vmstat
mmap A 0 18840 r shared F 0
mincore A 18840
munmap A 18840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 14464 16384 12345
wait 200
ck after vmstat
mmap A 0 18840 r shared F 0
mincore A 18840
munmap A 18840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
lseek F 10805248
read F 16384
read F 16384
pread F 16769024 8192 12345
pread F 16760832 8192 12345
pread F 16752640 8192 4K
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
fadvise F 0 0 willneed
pread F 8192 65536
wait 200
ck after vmstat
mmap A 0 18840 r shared F 0
mincore A 18840
munmap A 18840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 8192 4096 4K
pread F 4096 4096
pread F 12288 4096 256K
pread F 8192 4096 12345
pread F 16384 4096
pread F 12288 4096 4K
pread F 16384 4096 4K
close G
wait 200
ck after vmstat
mmap A 0 18840 r shared F 0
mincore A 18840
munmap A 18840
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
