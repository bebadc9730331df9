scenario reads_003
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 19628
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 1709043
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 187703
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 22597
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 2885826
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 970752 409600
pread F 2813952 1403 256K
pread F 130072 32768 4K
wait 200
ck after vmstat
mmap A 0 2885826 r shared F 0
mincore A 2885826
munmap A 2885826
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 14405 8192
pread F 6213 8192 256K
wait 200
ck after vmstat
mmap A 0 22597 r shared F 0
mincore A 22597
munmap A 22597
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
readahead F 12288 2097152
pread F 16384 65536
pread F 9164 16384 256K
pread F 17752 8192
pread F 20741 32768
pread F 15794 262144
pread F 13450 4096 4K
pread F 0 4096 12345
wait 200
ck after vmstat
mmap A 0 22597 r shared F 0
mincore A 22597
munmap A 22597
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 8192 3342
pread F 77070 3342
pread F 145948 3342 256K
wait 200
ck after vmstat
mmap A 0 187703 r shared F 0
mincore A 187703
munmap A 187703
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 19628 r priv F 0
madvise A 5p willneed
r A+4p 1p
r A+4p 1p
r A+1p 1p
pread F 8192 2580
r A+3p 2p
pread F 8192 126976 256K
r A+3p 1p
wait 200
ck after vmstat
mincore A 19628
munmap A 19628
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 10735616 16384 256K
pread F 8859648 131072
pread F 4407296 28672 256K
pread F 8007680 135168
pread F 3416064 65536
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
pread F 1552384 32768
pread F 1585152 32768
pread F 1617920 32768 12345
wait 200
ck after vmstat
mmap A 0 1709043 r shared F 0
mincore A 1709043
munmap A 1709043
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 610304 32768 4K
pread F 774144 32768 12345
pread F 937984 32768 4K
pread F 1101824 32768
pread F 1265664 32768 4K
pread F 1429504 32768
pread F 1593344 32768
pread F 16384 28672 12345
pread F 45056 28672 12345
pread F 73728 28672
pread F 102400 28672 12345
pread F 131072 28672
pread F 159744 28672
pread F 188416 225385 12345
pread F 413801 262144
pread F 675945 262144
wait 200
ck after vmstat
mmap A 0 2885826 r shared F 0
mincore A 2885826
munmap A 2885826
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 187703 r shared F 0
madvise A 46p random
r A+30p 16p 8p
pread F 28672 8192 256K
r A+8p 38p 16p
r A+25p 1p 3p
pread F 135168 4096
r A+3p 40p
pread F 16384 706 12345
r A+32p 2p
wait 200
ck after vmstat
mincore A 187703
munmap A 187703
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 8192 65536
pread F 16384 46808
pread F 8192 131072
pread F 12288 165124 4K
pread F 12288 28672 256K
pread F 16384 135168
wait 200
ck after vmstat
mmap A 0 19628 r shared F 0
mincore A 19628
munmap A 19628
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
madvise A 4096p normal
r A+3083p 17p
r A+844p 40p
pread F 4812800 131072
r A+813p 17p 3p
r A+2797p 40p 2p
r A+3947p 40p
pread F 10043392 1953
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 21168 4K
pread F 21168 21168 4K
pread F 42336 21168 12345
pread F 63504 21168 256K
pread F 84672 21168
pread F 30836 42106 4K
wait 200
ck after vmstat
mmap A 0 187703 r shared F 0
mincore A 187703
munmap A 187703
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 66834432 16384
pread F 66850816 16384 256K
pread F 66867200 16384 12345
pread F 66883584 16384 256K
pread F 66899968 16384 4K
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
mmap A 0 187703 r priv F 0
madvise A 46p willneed
r A+12p 1p
pread F 122880 12288 4K
r A+44p 2p
r A+41p 5p
r A+4p 40p 40p
wait 200
ck after vmstat
mincore A 187703
munmap A 187703
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r shared F 0
r A+1983p 1p 3p
pread F 1233445 32768
r A+2567p 1p
r A+703p 1p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 512
open F /mnt/r0 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 12288 20480 4K
pread F 2048 1250 4K
wait 200
ck after vmstat
mmap A 0 19628 r shared F 0
mincore A 19628
munmap A 19628
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
open G /mnt/r2 rdonly
pread F 176128 32768 12345
pread G 114688 32768 12345
pread G 147456 32768 12345
pread G 180224 32768
close G
wait 200
ck after vmstat
mmap A 0 187703 r shared F 0
mincore A 187703
munmap A 187703
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 12288 4K
pread F 12288 10568 12345
wait 200
ck after vmstat
mmap A 0 22597 r shared F 0
mincore A 22597
munmap A 22597
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 8192 8192
pread F 0 8192
pread F 16384 8192
pread F 8192 8192 12345
pread F 16384 8192 4K
close G
wait 200
ck after vmstat
mmap A 0 19628 r shared F 0
mincore A 19628
munmap A 19628
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 16384 256K
pread F 16384 16384
pread F 20480 409600 256K
pread F 20480 20480
pread F 0 28672 12345
pread F 20480 6944
pread F 16398 196608 256K
wait 200
ck after vmstat
mmap A 0 22597 r shared F 0
mincore A 22597
munmap A 22597
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
