scenario reads_019
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 354817
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 18080
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 28748
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 22855
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 35363
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 8192
pread F 8192 8192 4K
pread F 16384 103826 4K
wait 200
ck after vmstat
mmap A 0 35363 r shared F 0
mincore A 35363
munmap A 35363
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 66207744 196608 4K
pread F 66404352 196608 12345
pread F 66600960 196608
fadvise F 66301952 819200 sequential
pread F 380928 4096
pread F 385024 4096 256K
pread F 389120 4096
fadvise F 0 0 willneed
pread F 39337984 196608
pread F 39534592 196608
fadvise F 0 0 noreuse
pread F 56451072 4096
pread F 56455168 4096
pread F 56459264 4096 4K
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
pread F 12288 8192
pread F 20480 8192
wait 200
ck after vmstat
mmap A 0 22855 r shared F 0
mincore A 22855
munmap A 22855
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 35053568 65536 noreuse
pread F 38313984 16377
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
open G /mnt/f16m rdonly
pread F 8740864 65536 256K
pread F 12722176 65536
pread F 8806400 65536 12345
pread F 12787712 65536 4K
pread F 8871936 65536 4K
pread F 12853248 65536 12345
pread F 8937472 65536
pread F 12918784 65536 256K
pread F 9003008 65536
pread F 12984320 65536 256K
pread F 9068544 65536 4K
pread F 13049856 65536 256K
close G
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
pread F 0 131072
wait 200
ck after vmstat
mmap A 0 18080 r shared F 0
mincore A 18080
munmap A 18080
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 96
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 8192 196608 4K
pread F 4096 196608 256K
close G
wait 200
ck after vmstat
mmap A 0 22855 r shared F 0
mincore A 22855
munmap A 22855
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 12288 28672 12345
wait 200
ck after vmstat
mmap A 0 28748 r shared F 0
mincore A 28748
munmap A 28748
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 0 4096 12345
pread F 4096 4096 256K
pread F 8192 4096 4K
pread F 12288 135168
pread F 147456 135168 12345
pread F 282624 135168 4K
pread F 417792 135168
pread F 552960 135168
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/r1 rdonly
ck before vmstat
pread F 7930 4096 4K
wait 200
ck after vmstat
mmap A 0 18080 r shared F 0
mincore A 18080
munmap A 18080
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
lseek F 2916352
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
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 354817 r priv F 0
madvise A 87p sequential
r A+69p 1p
pread F 348160 4096
wait 200
ck after vmstat
mincore A 354817
munmap A 354817
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/f16m rdonly
ck before vmstat
open G /mnt/f16m rdonly
pread F 9436614 4096
pread G 4012090 4096 256K
pread F 9440710 4096 4K
pread G 4016186 4096 256K
pread F 9444806 4096 256K
pread G 4020282 4096 4K
pread F 9448902 4096
pread G 4024378 4096 12345
close G
pread F 3502080 16384
pread F 3649536 16384
pread F 3796992 16384 12345
pread F 3944448 16384 4K
pread F 4091904 16384
pread F 4239360 16384
pread F 4386816 16384 4K
pread F 4534272 16384
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
read F 16384
read F 16384
read F 16384
wait 200
ck after vmstat
mmap A 0 22855 r shared F 0
mincore A 22855
munmap A 22855
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 28672 20480 12345
wait 200
ck after vmstat
mmap A 0 35363 r shared F 0
mincore A 35363
munmap A 35363
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 18260 101734 12345
pread F 20480 8953 12345
pread F 24576 131072
pread F 4096 126976 4K
pread F 24576 8192 4K
pread F 0 3953
pread F 20480 196608 256K
pread F 8192 65536 4K
pread F 24576 5152
pread F 12288 20480
pread F 0 4096 256K
pread F 28672 131072 4K
pread F 4096 20471
pread F 16384 35811 12345
pread F 24576 16384 12345
pread F 32768 166473 12345
pread F 4096 4096
pread F 32768 20480 12345
wait 200
ck after vmstat
mmap A 0 35363 r shared F 0
mincore A 35363
munmap A 35363
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
readahead F 8634 131072
pread F 18130 26666
pread F 5621 196608 256K
pread F 8192 61440 4K
wait 200
ck after vmstat
mmap A 0 28748 r shared F 0
mincore A 28748
munmap A 28748
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+14486p 17p
pread F 40050688 32768
pread F 40083456 32768 12345
pread F 40116224 32768
pread F 40148992 32768 4K
pread F 40181760 32768 256K
pread F 40214528 32768 4K
pread F 40247296 32768 256K
pread F 40280064 32768
pread F 40312832 32768
pread F 40345600 32768 256K
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16772908 4308 4K
pread F 16768600 4308 4K
pread F 16764292 4308 12345
pread F 16759984 4308
pread F 16755676 4308
pread F 16751368 4308
pread F 16747060 4308 256K
pread F 16742752 4308
pread F 16738444 4308
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
pread F 8192 262144
fadvise F 8457 163840 dontneed
pread F 0 653 256K
wait 200
ck after vmstat
mmap A 0 35363 r shared F 0
mincore A 35363
munmap A 35363
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
