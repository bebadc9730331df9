scenario reads_012
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 93224
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 50555
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 28663
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 1215810
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 4141
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r0 rdonly
ck before vmstat
pread F 8192 65536
pread F 2438 409600 4K
pread F 57344 81931 12345
pread F 69632 4096 12345
wait 200
ck after vmstat
mmap A 0 93224 r shared F 0
mincore A 93224
munmap A 93224
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 4096
pread F 1571 32768 256K
pread F 0 8192 256K
pread F 0 409600 4K
pread F 0 4096 4K
pread F 0 3615
pread F 0 4096 4K
pread F 0 4096 256K
wait 200
ck after vmstat
mmap A 0 4141 r shared F 0
mincore A 4141
munmap A 4141
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 32200493 126976
pread G 22487040 126976 12345
pread F 32327469 126976
pread G 22614016 126976 256K
pread F 32454445 126976 256K
pread G 22740992 126976
pread F 32581421 126976
pread G 22867968 126976
pread F 32708397 126976 12345
pread G 22994944 126976
pread F 32835373 126976
pread G 23121920 126976 12345
pread F 32962349 126976
pread G 23248896 126976 256K
pread F 33089325 126976 12345
pread G 23375872 126976 12345
pread F 33216301 126976
pread G 23502848 126976
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
readahead F 28672 2097152
pread F 61440 32768 4K
pread F 20480 4096 12345
pread F 81920 20480 12345
pread F 32768 4096
pread F 73140 135168
pread F 53248 4096 12345
pread F 32768 135168
pread F 49152 83633 4K
pread F 0 622
pread F 53248 92582
pread F 36864 262144
wait 200
ck after vmstat
mmap A 0 93224 r shared F 0
mincore A 93224
munmap A 93224
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
frnd F 67108864 5 52
pread F 43429888 65536
pread F 41938944 14288 256K
pread F 23592960 262144 4K
pread F 24072192 65536 256K
pread F 13002431 3003 256K
pread F 27021312 61440
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
pread F 0 196608
wait 200
ck after vmstat
mmap A 0 28663 r shared F 0
mincore A 28663
munmap A 28663
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 47297 256K
wait 200
ck after vmstat
mmap A 0 4141 r shared F 0
mincore A 4141
munmap A 4141
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 12279 16384 256K
wait 200
ck after vmstat
mmap A 0 28663 r shared F 0
mincore A 28663
munmap A 28663
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
r A+1124p 40p 3p
r A+201p 8p
pread F 5738496 20480 256K
r A+1556p 1p 17p
r A+2987p 17p
pread F 3289088 8279 4K
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 870042 4096 256K
pread F 43066 192119
pread F 892928 109976
pread F 729088 8192
pread F 17622 4096 12345
pread F 57344 262144 4K
pread F 704512 51218
wait 200
ck after vmstat
mmap A 0 1215810 r shared F 0
mincore A 1215810
munmap A 1215810
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 1215810 r priv F 0
madvise A 297p normal
r A+69p 17p
pread F 258048 41646 256K
r A+195p 40p 16p
r A+274p 8p
pread F 806912 10916 4K
r A+142p 1p
wait 200
ck after vmstat
mincore A 1215810
munmap A 1215810
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
open G /mnt/f16m rdonly
pread F 9265152 60283
pread F 10395648 60283 12345
pread F 9325435 60283 4K
pread F 10455931 60283
pread F 9385718 60283 256K
pread F 10516214 60283 12345
close G
pread F 6158336 12288
pread F 6297600 12288 12345
pread F 6436864 12288 256K
pread F 6576128 12288 12345
pread F 6715392 12288
pread F 6854656 12288 12345
pread F 6993920 12288
pread F 7133184 12288 256K
pread F 7272448 12288
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
pread F 0 1911
pread F 0 8192 12345
pread F 0 61440 4K
wait 200
ck after vmstat
mmap A 0 4141 r shared F 0
mincore A 4141
munmap A 4141
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 23433 20480 12345
wait 200
ck after vmstat
mmap A 0 50555 r shared F 0
mincore A 50555
munmap A 50555
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
readahead F 835584 4096
pread F 610304 9930 12345
pread F 880640 16384 4K
pread F 53248 196608
pread F 315392 196608
pread F 577536 196608
pread F 839680 196608 12345
pread F 1101824 196608 4K
wait 200
ck after vmstat
mmap A 0 1215810 r shared F 0
mincore A 1215810
munmap A 1215810
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 24576 98908
lseek F 12288
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
read F 409600
wait 200
ck after vmstat
mmap A 0 28663 r shared F 0
mincore A 28663
munmap A 28663
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 994 3147 4K
wait 200
ck after vmstat
mmap A 0 4141 r shared F 0
mincore A 4141
munmap A 4141
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/f16m rdonly
ck before vmstat
open G /mnt/f16m rdonly
pread F 272221 12288
pread G 12496896 12288 12345
pread F 284509 12288 12345
pread G 12509184 12288 256K
pread F 296797 12288 256K
pread G 12521472 12288
pread F 309085 12288 256K
pread G 12533760 12288 4K
pread F 321373 12288 256K
pread G 12546048 12288 12345
pread F 333661 12288 4K
pread G 12558336 12288 12345
pread F 345949 12288
pread G 12570624 12288
pread F 358237 12288 256K
pread G 12582912 12288 256K
pread F 370525 12288 256K
pread G 12595200 12288 256K
close G
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
pread F 0 8250
pread F 8250 29277 4K
pread F 37527 12288 12345
pread F 49815 12288 256K
pread F 62103 12288 256K
pread F 74391 12288 256K
pread F 86679 12288 4K
pread F 98967 12288
pread F 111255 12288 256K
pread F 123543 12288
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
pread F 0 61440 256K
pread F 61440 1960 12345
pread F 63400 1960
pread F 65360 1960
pread F 67320 1960
pread F 69280 1960 4K
pread F 71240 1960 256K
pread F 73200 1960
pread F 75160 1960 256K
pread F 77120 1960
wait 200
ck after vmstat
mmap A 0 93224 r shared F 0
mincore A 93224
munmap A 93224
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
