scenario reads_024
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 446177
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 2932470
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 340338
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 602862
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 26469
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 2060288 61440 256K
pread F 2121728 61440
pread F 2183168 61440 256K
open G /mnt/r1 rdonly
pread F 892928 28672
pread F 290816 28672 4K
pread F 921600 28672 256K
pread F 319488 28672 256K
pread F 950272 28672 12345
pread F 348160 28672 256K
pread F 978944 28672
pread F 376832 28672
pread F 1007616 28672 12345
pread F 405504 28672 4K
pread F 1036288 28672
pread F 434176 28672
pread F 1064960 28672 256K
pread F 462848 28672 4K
pread F 1093632 28672
pread F 491520 28672 12345
pread F 1122304 28672
pread F 520192 28672 4K
close G
wait 200
ck after vmstat
mmap A 0 2932470 r shared F 0
mincore A 2932470
munmap A 2932470
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 135168 28672 4K
pread F 163840 28672
open G /mnt/r2 rdonly
pread F 190074 135168 256K
pread G 131072 135168
pread F 325242 135168
pread G 266240 135168 4K
close G
wait 200
ck after vmstat
mmap A 0 340338 r shared F 0
mincore A 340338
munmap A 340338
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 0 0 random
pread F 429043 262144 4K
wait 200
ck after vmstat
mmap A 0 602862 r shared F 0
mincore A 602862
munmap A 602862
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 2048 141
wait 200
ck after vmstat
mmap A 0 26469 r shared F 0
mincore A 26469
munmap A 26469
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 278528 126976
pread F 416431 262144
pread F 176128 12288 12345
pread F 223395 12288
pread F 118330 4096
wait 200
ck after vmstat
mmap A 0 602862 r shared F 0
mincore A 602862
munmap A 602862
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 16384
pread F 16384 16384 12345
pread F 32768 16384 256K
pread F 49152 16384 4K
pread F 65536 16384 4K
pread F 81920 16384
pread F 98304 16384
pread F 114688 16384
pread F 131072 65536
pread F 196608 65536
wait 200
ck after vmstat
mmap A 0 340338 r shared F 0
mincore A 340338
munmap A 340338
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 139264 20480 12345
pread F 295602 59660
pread F 24283 7420
pread F 118784 262144 12345
mmap A 0 446177 r shared F 0
r A+30p 1p 17p
pread F 12288 23887
r A+101p 8p 17p
r A+9p 1p
wait 200
ck after vmstat
mincore A 446177
munmap A 446177
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 995328 61440
pread G 679936 61440 12345
pread F 1056768 61440 256K
pread G 741376 61440
pread F 1118208 61440 12345
pread G 802816 61440
pread F 1179648 61440 256K
pread G 864256 61440
pread F 1241088 61440
pread G 925696 61440 12345
pread F 1302528 61440
pread G 987136 61440 12345
pread F 1363968 61440 256K
pread G 1048576 61440 12345
close G
wait 200
ck after vmstat
mmap A 0 2932470 r shared F 0
mincore A 2932470
munmap A 2932470
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
read F 10743
read F 10743
read F 10743
read F 10743
read F 10743
read F 10743
wait 200
ck after vmstat
mmap A 0 602862 r shared F 0
mincore A 602862
munmap A 602862
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 4096 4096 4K
pread F 24576 11476
wait 200
ck after vmstat
mmap A 0 26469 r shared F 0
mincore A 26469
munmap A 26469
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 45056 6593 12345
pread F 178625 6593 4K
pread F 312194 6593
wait 200
ck after vmstat
mmap A 0 340338 r shared F 0
mincore A 340338
munmap A 340338
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 26469 r shared F 0
r A+2p 1p
r A+5p 2p
r A+4p 3p 2p
wait 200
ck after vmstat
mincore A 26469
munmap A 26469
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 471040 16384 4K
pread F 327680 16384 12345
pread F 487424 16384
pread F 344064 16384
pread F 503808 16384
pread F 360448 16384 256K
pread F 520192 16384 256K
pread F 376832 16384 4K
pread F 536576 16384
pread F 393216 16384
pread F 552960 16384
pread F 409600 16384 4K
pread F 569344 16384 12345
pread F 425984 16384 256K
close G
fadvise F 0 0 sequential
pread F 229017 135168 12345
fadvise F 0 0 normal
fadvise F 0 0 noreuse
pread F 192512 61440
pread F 253952 61440
wait 200
ck after vmstat
mmap A 0 602862 r shared F 0
mincore A 602862
munmap A 602862
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 42167 4K
wait 200
ck after vmstat
mmap A 0 26469 r shared F 0
mincore A 26469
munmap A 26469
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 0 32768 12345
pread F 32768 32768 4K
pread F 65536 8192 12345
pread F 73728 8192 256K
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
fadvise F 0 0 random
pread F 73728 28353
fadvise F 200704 819200 normal
pread F 221184 4096
pread F 225280 4096 4K
pread F 229376 4096
fadvise F 65536 65536 sequential
pread F 401408 4096 12345
open G /mnt/r0 rdonly
pread F 335872 28672 256K
pread G 86016 28672 12345
pread F 364544 28672 12345
pread G 114688 28672 4K
pread F 393216 28672
pread G 143360 28672 4K
pread F 421888 28672
pread G 172032 28672 4K
close G
wait 200
ck after vmstat
mmap A 0 446177 r shared F 0
mincore A 446177
munmap A 446177
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 24576 4096 256K
pread F 4096 54859 256K
pread F 3630 32974 256K
pread F 2667 65536 4K
pread F 16384 18349 12345
pread F 4096 4096 4K
pread F 12288 16384
pread F 8192 16384
pread F 0 656 4K
mmap A 0 26469 r shared F 0
r A+5p 2p 16p
r A+5p 1p
wait 200
ck after vmstat
mincore A 26469
munmap A 26469
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/f16m rdonly
ck before vmstat
pread F 7809024 1900
pread F 7937900 1900 256K
pread F 8066776 1900
pread F 8195652 1900 256K
pread F 8324528 1900 256K
pread F 8453404 1900 4K
pread F 8582280 1900
mmap A 0 16777216 r priv F 0
madvise A 4096p normal
r A+84p 1p 2p
r A+1520p 17p 40p
r A+763p 1p
pread F 5480448 4096
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 8192 8192
pread F 24576 8192 4K
pread F 40960 8192 256K
fadvise F 57344 163840 normal
pread F 53248 135168 256K
pread F 188416 135168 12345
fadvise F 167936 12288 normal
pread F 90112 20480 4K
pread F 110592 20480 256K
wait 200
ck after vmstat
mmap A 0 340338 r shared F 0
mincore A 340338
munmap A 340338
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
lseek F 12769477
read F 68663
read F 68663
read F 68663
read F 68663
read F 68663
read F 68663
read F 68663
open G /mnt/f16m rdonly
pread F 15646720 16384
pread G 5812224 16384 12345
pread F 15663104 16384 12345
pread G 5828608 16384 12345
pread F 15679488 16384 256K
pread G 5844992 16384 256K
pread F 15695872 16384
pread G 5861376 16384 12345
pread F 15712256 16384 4K
pread G 5877760 16384 256K
pread F 15728640 16384
pread G 5894144 16384 4K
pread F 15745024 16384
pread G 5910528 16384 12345
close G
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
