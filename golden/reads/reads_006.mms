scenario reads_006
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 760574
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 619635
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 14534
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 47809
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 104031
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 86887 135168 256K
pread G 86016 135168 4K
close G
pread F 0 20480
pread F 20480 20480 12345
pread F 40960 20480 256K
pread F 61440 20480
pread F 81920 20480 12345
pread F 102400 20480
wait 200
ck after vmstat
mmap A 0 104031 r shared F 0
mincore A 104031
munmap A 104031
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 8024064 409600
pread F 8499200 409600 4K
pread F 8974336 409600 4K
pread F 9449472 409600
pread F 9924608 409600
pread F 10399744 409600 12345
pread F 10874880 409600
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
open G /mnt/r4 rdonly
pread F 0 61440 4K
pread F 73104 61440 256K
pread F 61440 61440
close G
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
mmap A 0 104031 r shared F 0
mincore A 104031
munmap A 104031
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 196608
wait 200
ck after vmstat
mmap A 0 14534 r shared F 0
mincore A 14534
munmap A 14534
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 65536 135168 12345
pread G 53814 135168 4K
close G
wait 200
ck after vmstat
mmap A 0 104031 r shared F 0
mincore A 104031
munmap A 104031
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 20480 12323 256K
pread F 32803 12323 4K
fadvise F 45056 65536 dontneed
wait 200
ck after vmstat
mmap A 0 47809 r shared F 0
mincore A 47809
munmap A 47809
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 47809 r priv F 0
r A+3p 1p 17p
pread F 32768 262144 256K
wait 200
ck after vmstat
mincore A 47809
munmap A 47809
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 36864 8192
pread F 675840 4096 12345
pread F 131072 4096 256K
pread F 520192 3094 4K
pread F 499712 196608 4K
pread F 745472 18748 256K
pread F 32768 32768 4K
pread F 450560 126976
pread F 261699 28672
pread F 180224 4096
pread F 733184 4096
wait 200
ck after vmstat
mmap A 0 760574 r shared F 0
mincore A 760574
munmap A 760574
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 0 0 normal
pread F 364544 4096
fadvise F 0 0 sequential
pread F 528384 58091 4K
fadvise F 331873 819200 dontneed
pread F 4096 131072 4K
pread F 135168 131072 12345
wait 200
ck after vmstat
mmap A 0 619635 r shared F 0
mincore A 619635
munmap A 619635
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/r1 rdonly
ck before vmstat
readahead F 241664 131072
pread F 194143 16384
pread F 401408 4096
pread F 118784 8192 12345
pread F 32768 7392 12345
pread F 307200 4096
pread F 176802 2914
pread F 179716 2914 4K
wait 200
ck after vmstat
mmap A 0 619635 r shared F 0
mincore A 619635
munmap A 619635
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
read F 20480
read F 20480
wait 200
ck after vmstat
mmap A 0 760574 r shared F 0
mincore A 760574
munmap A 760574
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
fadvise F 344064 4096 dontneed
fadvise F 0 0 normal
fadvise F 0 0 normal
pread F 8192 262144
pread F 270336 262144 12345
mmap A 0 760574 r priv F 0
madvise A 186p sequential
r A+139p 1p
r A+152p 2p
r A+122p 1p
pread F 32768 196608
r A+147p 1p 2p
wait 200
ck after vmstat
mincore A 760574
munmap A 760574
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/f16m rdonly
ck before vmstat
open G /mnt/f16m rdonly
pread F 7227251 2796 4K
pread G 13029376 2796 256K
pread F 7230047 2796 256K
pread G 13032172 2796
pread F 7232843 2796 256K
pread G 13034968 2796 256K
pread F 7235639 2796 12345
pread G 13037764 2796 256K
pread F 7238435 2796
pread G 13040560 2796
close G
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
pread F 101107 2924 4K
pread F 98183 2924 4K
pread F 95259 2924
pread F 92335 2924
pread F 89411 2924 12345
pread F 86487 2924
wait 200
ck after vmstat
mmap A 0 104031 r shared F 0
mincore A 104031
munmap A 104031
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 14534 r priv F 0
r A+3p 1p
r A+0p 1p
pread F 8192 8299
r A+0p 1p 40p
r A+1p 1p
r A+1p 1p 3p
wait 200
ck after vmstat
mincore A 14534
munmap A 14534
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 59711 20480
pread F 40960 4096
pread F 8010 4096 4K
wait 200
ck after vmstat
mmap A 0 104031 r shared F 0
mincore A 104031
munmap A 104031
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r0 rdonly
ck before vmstat
pread F 352256 2414 4K
pread F 354670 2414
pread F 357084 2414
pread F 359498 196608
pread F 556106 196608 4K
pread F 752714 196608 4K
mmap A 0 760574 r priv F 0
r A+75p 8p
pread F 582739 4096
r A+169p 8p 17p
r A+126p 8p
pread F 36864 20480
wait 200
ck after vmstat
mincore A 760574
munmap A 760574
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 50225152 12288 dontneed
pread F 364544 126976
pread F 491520 126976 4K
fadvise F 29630464 819200 dontneed
pread F 48201728 447 12345
fadvise F 0 0 sequential
pread F 7569408 132299 256K
pread F 7701707 132299 256K
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
pread F 0 32768 256K
pread F 32768 32768 12345
pread F 65536 8192 4K
pread F 73728 8192
pread F 81920 8192 256K
pread F 90112 32768 256K
wait 200
ck after vmstat
mmap A 0 104031 r shared F 0
mincore A 104031
munmap A 104031
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
fadvise F 0 0 normal
pread F 53248 131072
pread F 184320 131072
fadvise F 0 0 sequential
pread F 585728 131072
wait 200
ck after vmstat
mmap A 0 760574 r shared F 0
mincore A 760574
munmap A 760574
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
