scenario reads_011
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 80550
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 116058
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 819243
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 233426
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 77539
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 471040 16384 12345
pread F 65536 19649
pread F 815104 196608
pread F 540672 61440
pread F 479232 21812 256K
pread F 327680 409600
pread F 589824 131072 256K
pread F 70072 4096
pread F 491520 131072 12345
pread F 659456 32768 256K
pread F 348160 30931
pread F 258048 4096 4K
pread F 184320 20480
pread F 765952 135168
wait 200
ck after vmstat
mmap A 0 819243 r shared F 0
mincore A 819243
munmap A 819243
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 113289 4096 12345
wait 200
ck after vmstat
mmap A 0 116058 r shared F 0
mincore A 116058
munmap A 116058
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16231101 2996
pread F 10429096 28672
pread F 6594560 20578 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
madvise A 4096p willneed
r A+1437p 17p 3p
pread F 2486272 20480
r A+2205p 2p
pread F 5910528 409600
r A+755p 1p
lseek F 4706304
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
read F 4096
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 61440
pread F 61440 61440 256K
pread F 122880 61440
wait 200
ck after vmstat
mmap A 0 233426 r shared F 0
mincore A 233426
munmap A 233426
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 3967 131072 12345
pread G 73728 131072
close G
pread F 0 21637 12345
pread F 21637 21637 4K
pread F 43274 21637
pread F 64911 21637 12345
wait 200
ck after vmstat
mmap A 0 80550 r shared F 0
mincore A 80550
munmap A 80550
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 8192 20480 4K
wait 200
ck after vmstat
mmap A 0 116058 r shared F 0
mincore A 116058
munmap A 116058
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
read F 12597
read F 12597
read F 12597
read F 12597
read F 12597
pread F 28168192 262144
pread F 8608592 7395 4K
pread F 63262720 12536 12345
pread F 66285568 196608
pread F 37329132 4096 256K
pread F 47538176 4096 4K
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 12288 819200 noreuse
pread F 83875 4096 4K
wait 200
ck after vmstat
mmap A 0 116058 r shared F 0
mincore A 116058
munmap A 116058
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 20480 409600
pread F 45056 409600 4K
close G
wait 200
ck after vmstat
mmap A 0 80550 r shared F 0
mincore A 80550
munmap A 80550
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 49152 20480 4K
pread F 69632 20480 12345
wait 200
ck after vmstat
mmap A 0 77539 r shared F 0
mincore A 77539
munmap A 77539
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 80550 r shared F 0
madvise A 20p willneed
r A+9p 8p 8p
pread F 0 4096 256K
pread F 69632 114450 4K
wait 200
ck after vmstat
mincore A 80550
munmap A 80550
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 114688 28672 256K
pread G 90112 28672 12345
close G
pread F 65536 32768 4K
pread F 110789 20480
pread F 69632 262144 12345
wait 200
ck after vmstat
mmap A 0 116058 r shared F 0
mincore A 116058
munmap A 116058
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 737280 131072
pread F 876544 131072
pread F 1015808 131072
pread F 1155072 131072 12345
pread F 1294336 131072 4K
pread F 1433600 131072 4K
pread F 1572864 131072 4K
pread F 1712128 131072 256K
pread F 1851392 131072
pread F 1990656 131072 4K
open G /mnt/f16m rdonly
pread F 4259840 8192
pread G 15986688 8192 256K
pread F 4268032 8192
pread G 15994880 8192
pread F 4276224 8192
pread G 16003072 8192
pread F 4284416 8192
pread G 16011264 8192
pread F 4292608 8192
pread G 16019456 8192 256K
pread F 4300800 8192 256K
pread G 16027648 8192 256K
pread F 4308992 8192
pread G 16035840 8192 12345
close G
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/r1 rdonly
ck before vmstat
readahead F 77824 32768
pread F 114688 131072 12345
pread F 77824 17499
pread F 65536 12288 256K
pread F 20480 25518
pread F 102015 8192
pread F 16384 32768 4K
pread F 109073 12288
pread F 12288 126928 256K
pread F 12288 65536
wait 200
ck after vmstat
mmap A 0 116058 r shared F 0
mincore A 116058
munmap A 116058
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r4 rdonly
ck before vmstat
pread F 69632 12288
wait 200
ck after vmstat
mmap A 0 77539 r shared F 0
mincore A 77539
munmap A 77539
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16650240 126976
pread F 16523264 126976
pread F 16396288 126976
pread F 16269312 126976
pread F 16142336 126976 4K
pread F 16015360 126976 4K
pread F 15888384 126976 256K
pread F 15761408 126976 256K
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
pread F 0 131072 12345
open G /mnt/r1 rdonly
pread F 43242 106364
pread F 90112 106364
close G
wait 200
ck after vmstat
mmap A 0 116058 r shared F 0
mincore A 116058
munmap A 116058
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 28672 256K
pread F 28672 28672 4K
pread F 57344 28672 12345
wait 200
ck after vmstat
mmap A 0 77539 r shared F 0
mincore A 77539
munmap A 77539
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
open G /mnt/r2 rdonly
pread F 675840 4096 4K
pread G 622592 4096 4K
pread F 679936 4096
pread G 626688 4096 4K
pread F 684032 4096 12345
pread G 630784 4096 12345
pread F 688128 4096 12345
pread G 634880 4096
close G
mmap A 0 819243 r priv F 0
r A+72p 8p
r A+135p 1p
pread F 294912 61440
r A+149p 1p
r A+175p 2p
wait 200
ck after vmstat
mincore A 819243
munmap A 819243
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
