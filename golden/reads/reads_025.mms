scenario reads_025
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 49022
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 1885040
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 92613
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 30702
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 198435
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 27027 262144
pread G 16384 262144 12345
close G
wait 200
ck after vmstat
mmap A 0 30702 r shared F 0
mincore A 30702
munmap A 30702
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
lseek F 57344
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
wait 200
ck after vmstat
mmap A 0 92613 r shared F 0
mincore A 92613
munmap A 92613
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r3 rdonly
ck before vmstat
pread F 4096 132313 4K
fadvise F 24576 12288 random
pread F 4096 409600 256K
wait 200
ck after vmstat
mmap A 0 30702 r shared F 0
mincore A 30702
munmap A 30702
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
frnd F 1884160 29 48
wait 200
ck after vmstat
mmap A 0 1885040 r shared F 0
mincore A 1885040
munmap A 1885040
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 49022 r priv F 0
r A+11p 1p 3p
wait 200
ck after vmstat
mincore A 49022
munmap A 49022
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 4341760 4096 12345
pread G 21950464 4096 256K
pread F 4345856 4096
pread G 21954560 4096
pread F 4349952 4096 4K
pread G 21958656 4096 12345
pread F 4354048 4096
pread G 21962752 4096 12345
close G
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r0 rdonly
ck before vmstat
pread F 0 4096 256K
pread F 4096 4096 12345
open G /mnt/r0 rdonly
pread F 4096 4096 256K
pread G 45056 4096 256K
pread F 8192 4096 256K
pread F 12288 4096 256K
pread F 16384 4096
pread F 20480 4096
close G
wait 200
ck after vmstat
mmap A 0 49022 r shared F 0
mincore A 49022
munmap A 49022
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 16384 7467 4K
pread F 39477 7467 4K
pread F 23851 7467 256K
pread F 46944 7467 12345
pread F 31318 7467
pread F 38785 7467 256K
close G
wait 200
ck after vmstat
mmap A 0 49022 r shared F 0
mincore A 49022
munmap A 49022
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 71680 6448
pread F 340272 6448
pread F 608864 6448
wait 200
ck after vmstat
mmap A 0 1885040 r shared F 0
mincore A 1885040
munmap A 1885040
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 14059 4096
mmap A 0 30702 r shared F 0
madvise A 8p willneed
r A+1p 7p
wait 200
ck after vmstat
mincore A 30702
munmap A 30702
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 1531904 163840 noreuse
pread F 765952 2518
fadvise F 0 0 willneed
pread F 204800 4096 4K
wait 200
ck after vmstat
mmap A 0 1885040 r shared F 0
mincore A 1885040
munmap A 1885040
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 64197888 196608
pread G 27004928 196608 256K
pread F 64394496 196608
pread G 27201536 196608
pread F 64591104 196608 4K
pread G 27398144 196608
pread F 64787712 196608 256K
pread G 27594752 196608 4K
pread F 64984320 196608
pread G 27791360 196608
close G
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
readahead F 28672 32768
pread F 40960 4096
pread F 4096 9557
pread F 20480 135168 256K
pread F 0 135168
pread F 0 32768
pread F 24576 65536
mmap A 0 49022 r shared F 0
madvise A 12p willneed
r A+9p 1p
wait 200
ck after vmstat
mincore A 49022
munmap A 49022
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 30702 r priv F 0
r A+2p 6p
r A+0p 1p
r A+0p 8p
r A+2p 6p
wait 200
ck after vmstat
mincore A 30702
munmap A 30702
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 49022 r priv F 0
madvise A 12p willneed
r A+8p 1p
r A+1p 1p
r A+8p 1p 17p
r A+2p 1p
r A+8p 1p
wait 200
ck after vmstat
mincore A 49022
munmap A 49022
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
mmap A 0 92613 r shared F 0
madvise A 23p random
r A+12p 11p
wait 200
ck after vmstat
mincore A 92613
munmap A 92613
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r shared F 0
madvise A 4096p willneed
r A+1609p 8p
pread F 5558272 4096 12345
r A+3837p 40p
pread F 9691136 3332 12345
r A+3536p 2p
r A+714p 1p
frnd F 16777216 29 42
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
wait 200
ck after vmstat
mmap A 0 30702 r shared F 0
mincore A 30702
munmap A 30702
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16711680 65536
pread F 16646144 65536
pread F 16580608 65536
read F 262144
read F 262144
read F 262144
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
open G /mnt/r1 rdonly
pread F 1650688 65536
pread G 1632962 65536 12345
pread F 1716224 65536
pread G 1698498 65536 4K
pread F 1781760 65536 256K
pread G 1764034 65536
pread F 1847296 65536
pread G 1829570 65536 12345
close G
wait 200
ck after vmstat
mmap A 0 1885040 r shared F 0
mincore A 1885040
munmap A 1885040
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
