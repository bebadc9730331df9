scenario reads_016
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 44283
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 63790
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 60741
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 268109
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 32676
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 17010688 10935 4K
pread F 17025719 10935 12345
pread F 17040750 10935 256K
pread F 17055781 10935
pread F 17070812 10935 256K
pread F 17085843 10935 256K
pread F 17100874 10935 256K
pread F 17115905 10935 4K
pread F 17130936 10935
pread F 17145967 10935 256K
fadvise F 0 0 noreuse
pread F 23121118 61440
pread F 23182558 61440
fadvise F 31510528 65536 random
pread F 42467328 4096
pread F 42471424 4096 4K
pread F 42475520 4096 4K
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
frnd F 16777216 8 58
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
pread F 20480 8658 12345
pread F 0 131072 4K
pread F 16384 4096
wait 200
ck after vmstat
mmap A 0 32676 r shared F 0
mincore A 32676
munmap A 32676
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 3217 256K
pread F 3217 3217 12345
pread F 6434 409600
wait 200
ck after vmstat
mmap A 0 268109 r shared F 0
mincore A 268109
munmap A 268109
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 0 409600
pread F 24576 409600
close G
lseek F 4096
read F 196608
read F 196608
read F 196608
read F 196608
read F 196608
read F 196608
read F 196608
read F 196608
wait 200
ck after vmstat
mmap A 0 63790 r shared F 0
mincore A 63790
munmap A 63790
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/f64m rdonly
ck before vmstat
pread F 67080192 28672 4K
pread F 67051520 28672
pread F 67022848 28672 4K
pread F 66994176 28672
pread F 66965504 28672 4K
pread F 66936832 28672
pread F 66908160 28672 4K
pread F 66879488 28672 256K
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
readahead F 49248 131072
pread F 12288 262144 4K
pread F 32768 880 256K
pread F 0 262144
pread F 32768 16384 256K
pread F 24576 4096 4K
pread F 12288 4096 4K
pread F 36864 4096
pread F 24576 12288 12345
wait 200
ck after vmstat
mmap A 0 60741 r shared F 0
mincore A 60741
munmap A 60741
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 12288 262144
pread G 267752 262144 4K
close G
wait 200
ck after vmstat
mmap A 0 268109 r shared F 0
mincore A 268109
munmap A 268109
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 8192 53336
pread F 61528 3852
pread F 65380 3852 12345
pread F 69232 3852
pread F 73084 3852 4K
pread F 76936 4096
pread F 81032 4096
pread F 85128 4096 4K
pread F 89224 126976 4K
pread F 216200 126976
wait 200
ck after vmstat
mmap A 0 268109 r shared F 0
mincore A 268109
munmap A 268109
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 26624 131072 4K
wait 200
ck after vmstat
mmap A 0 63790 r shared F 0
mincore A 63790
munmap A 63790
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 6144 12288 4K
open G /mnt/r4 rdonly
pread F 12288 196608
pread F 12288 196608
close G
wait 200
ck after vmstat
mmap A 0 32676 r shared F 0
mincore A 32676
munmap A 32676
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 55301905 4096 12345
pread F 141322 65536
pread F 40611840 107089 12345
pread F 11050000 12288 256K
pread F 35237888 82806
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
read F 262144
read F 262144
read F 262144
pread F 5482 131072
wait 200
ck after vmstat
mmap A 0 32676 r shared F 0
mincore A 32676
munmap A 32676
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
frnd F 40960 13 10
wait 200
ck after vmstat
mmap A 0 44283 r shared F 0
mincore A 44283
munmap A 44283
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 32676 r priv F 0
r A+4p 4p 2p
madvise A 8p willneed
r A+4p 1p 3p
r A+0p 8p
pread F 0 32768
r A+7p 1p
pread F 0 86062 4K
r A+7p 1p 17p
pread F 4096 16384 256K
r A+1p 1p
pread F 4723 135168 256K
wait 200
ck after vmstat
mincore A 32676
munmap A 32676
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 12288 131072
wait 200
ck after vmstat
mmap A 0 32676 r shared F 0
mincore A 32676
munmap A 32676
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 32768 4096
pread F 36864 4096
pread F 40960 16384 256K
pread F 57344 16384
wait 200
ck after vmstat
mmap A 0 60741 r shared F 0
mincore A 60741
munmap A 60741
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 268109 r shared F 0
r A+25p 8p
r A+35p 1p
r A+39p 1p
r A+30p 1p 8p
pread F 131072 126976
r A+63p 1p
pread F 204800 3916 256K
pread F 196608 126976 256K
pread F 176128 409600 12345
pread F 58946 4096 4K
pread F 94208 12288
wait 200
ck after vmstat
mincore A 268109
munmap A 268109
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 16384 8192 12345
pread F 24576 8192 256K
pread F 4004 28672 12345
wait 200
ck after vmstat
mmap A 0 32676 r shared F 0
mincore A 32676
munmap A 32676
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r shared F 0
madvise A 4096p random
r A+1900p 8p
r A+2851p 17p
r A+3426p 8p 17p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
