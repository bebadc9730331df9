scenario reads_010
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 176379
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 184321
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 869801
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 852508
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 103252
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 840220 12288 4K
pread F 827932 12288 256K
pread F 815644 12288 256K
pread F 803356 12288 4K
pread F 791068 12288
pread F 778780 12288 256K
pread F 766492 12288 256K
pread F 754204 12288
pread F 741916 12288 4K
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 103252 r priv F 0
madvise A 26p normal
r A+4p 1p 8p
r A+24p 1p
wait 200
ck after vmstat
mincore A 103252
munmap A 103252
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 58798 28672 4K
pread F 78948 4096
pread F 36864 19617
readahead F 24576 32768
pread F 113569 196608 256K
pread F 36864 8750 4K
pread F 77824 15734 256K
pread F 81920 4096
pread F 86941 28672 4K
pread F 102400 129961
wait 200
ck after vmstat
mmap A 0 184321 r shared F 0
mincore A 184321
munmap A 184321
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 65536 131072 12345
pread G 704512 131072 256K
pread F 196608 131072 12345
pread G 835584 131072 4K
pread F 327680 131072 4K
pread F 458752 131072
pread F 589824 131072 12345
pread F 720896 131072 4K
pread F 851968 131072
close G
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 180225 4096
pread F 176129 4096
pread F 172033 4096 12345
pread F 167937 4096 4K
wait 200
ck after vmstat
mmap A 0 184321 r shared F 0
mincore A 184321
munmap A 184321
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 53248 65536 4K
wait 200
ck after vmstat
mmap A 0 103252 r shared F 0
mincore A 103252
munmap A 103252
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
madvise A 4096p willneed
r A+2957p 8p
r A+2866p 1p
pread F 6969344 30393 12345
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 0 0 noreuse
pread F 819200 20480 4K
pread F 839680 20480
fadvise F 0 0 willneed
pread F 835584 4096 4K
pread F 839680 4096 4K
fadvise F 655360 163840 noreuse
pread F 307200 212106 256K
pread F 519306 212106 256K
pread F 731412 212106 256K
lseek F 468467
read F 262144
read F 262144
read F 262144
read F 262144
read F 262144
read F 262144
read F 262144
read F 262144
read F 262144
read F 262144
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 717340 135168 12345
pread F 582172 135168 256K
pread F 447004 135168
pread F 311836 135168 12345
fadvise F 73728 819200 random
fadvise F 53248 4096 willneed
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
lseek F 85641
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
mmap A 0 184321 r priv F 0
madvise A 46p sequential
r A+7p 8p 8p
r A+1p 17p 17p
wait 200
ck after vmstat
mincore A 184321
munmap A 184321
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
r A+3699p 17p
r A+2898p 40p
r A+3755p 2p
r A+1249p 1p 3p
r A+1557p 8p
pread F 0 4096
pread F 4096 4096
pread F 8192 4096 256K
pread F 12288 4096 256K
pread F 16384 4096
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 98611 22690 12345
fadvise F 16384 163840 normal
pread F 51983 8192 256K
pread F 60175 8192 256K
pread F 68367 8192 12345
wait 200
ck after vmstat
mmap A 0 103252 r shared F 0
mincore A 103252
munmap A 103252
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 272384 28672 4K
pread F 305152 28672
pread F 337920 28672
pread F 370688 28672 12345
pread F 403456 28672 4K
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 11923456 20480 12345
pread F 872448 4096 4K
pread F 11358098 16384 256K
pread F 10883072 16384
pread F 9703994 20480
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 32768 1458
mmap A 0 184321 r priv F 0
madvise A 46p willneed
r A+39p 2p 17p
pread F 180224 196608
r A+2p 2p
wait 200
ck after vmstat
mincore A 184321
munmap A 184321
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 12288 256K
pread F 12288 8192 256K
pread F 20480 8192 256K
pread F 28672 8192 12345
pread F 36864 8192 12345
pread F 45056 8192 12345
pread F 53248 4096 12345
pread F 57344 20480
pread F 77824 135168
pread F 212992 135168
lseek F 483328
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
readahead F 45457408 409600
pread F 5787648 131072 256K
pread F 28413952 126976 12345
pread F 50950144 65536 256K
fadvise F 0 0 normal
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
pread F 10287 28672
pread F 38959 56066 256K
pread F 95025 6549 12345
pread F 101574 6549
pread F 108123 6549
pread F 114672 6549 4K
pread F 121221 6549 12345
pread F 127770 6549 4K
pread F 134319 6549
pread F 140868 6549 12345
pread F 147417 6549
wait 200
ck after vmstat
mmap A 0 852508 r shared F 0
mincore A 852508
munmap A 852508
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 93047 14882
pread F 696320 131072
pread F 348160 32768 4K
pread F 434176 4096 256K
pread F 525872 4096 256K
pread F 479232 6850 4K
pread F 94208 2407 4K
pread F 557056 4096 12345
wait 200
ck after vmstat
mmap A 0 869801 r shared F 0
mincore A 869801
munmap A 869801
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 168567 7812 4K
pread F 160755 7812
pread F 152943 7812 4K
pread F 145131 7812 4K
pread F 137319 7812 12345
pread F 129507 7812 4K
wait 200
ck after vmstat
mmap A 0 176379 r shared F 0
mincore A 176379
munmap A 176379
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
