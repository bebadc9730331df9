scenario reads_007
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 34550
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 298370
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 8087
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 16840
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 64304
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 131072
lseek F 0
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
read F 20480
wait 200
ck after vmstat
mmap A 0 8087 r shared F 0
mincore A 8087
munmap A 8087
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 188416 16384
pread F 40960 409600 256K
pread F 233472 4096 4K
pread F 86016 6910
pread F 36864 65536 256K
pread F 258048 196608
pread F 139264 4096 256K
pread F 233472 90966
wait 200
ck after vmstat
mmap A 0 298370 r shared F 0
mincore A 298370
munmap A 298370
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 0 131072
pread F 131072 131072
pread F 262144 131072 12345
pread F 0 32768 4K
pread F 32768 32768 12345
pread F 65536 32768
pread F 98304 32768 12345
wait 200
ck after vmstat
mmap A 0 298370 r shared F 0
mincore A 298370
munmap A 298370
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 8648 8192
pread F 456 8192
wait 200
ck after vmstat
mmap A 0 16840 r shared F 0
mincore A 16840
munmap A 16840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 0 4096
pread F 4096 4096 12345
pread F 8192 20480
pread F 28672 20480 256K
pread F 49152 20480 4K
pread F 69632 244313 4K
pread F 313945 244313
pread F 558258 65536 4K
pread F 623794 65536
pread F 689330 65536
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
open G /mnt/r2 rdonly
pread F 4096 32768 256K
pread G 0 32768
close G
pread F 4096 28672
wait 200
ck after vmstat
mmap A 0 8087 r shared F 0
mincore A 8087
munmap A 8087
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
open G /mnt/f16m rdonly
pread F 11550720 126976
pread F 11727933 126976 4K
pread F 11677696 126976
pread F 11854909 126976 256K
pread F 11804672 126976
pread F 11981885 126976 4K
close G
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
readahead F 4096 4096
pread F 4096 20480
pread F 0 65536 4K
open G /mnt/r2 rdonly
pread F 0 903 12345
pread G 0 903 4K
pread F 903 903
pread G 903 903 12345
pread F 1806 903 12345
pread G 1806 903 4K
pread F 2709 903 256K
pread G 2709 903
close G
wait 200
ck after vmstat
mmap A 0 8087 r shared F 0
mincore A 8087
munmap A 8087
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 409600 4K
wait 200
ck after vmstat
mmap A 0 8087 r shared F 0
mincore A 8087
munmap A 8087
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 3991 409600
pread F 23185 409600 12345
close G
wait 200
ck after vmstat
mmap A 0 64304 r shared F 0
mincore A 64304
munmap A 64304
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+5647p 1p
r A+2023p 1p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 298370 r shared F 0
madvise A 73p random
r A+12p 8p
pread F 32768 409600
wait 200
ck after vmstat
mincore A 298370
munmap A 298370
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 8506 12288 4K
pread F 6638 12288 256K
close G
open G /mnt/r3 rdonly
pread F 4096 2531 256K
pread F 4096 2531
pread F 6627 2531 256K
pread F 6627 2531
pread F 9158 2531 4K
pread F 9158 2531
pread F 11689 2531
pread F 11689 2531 4K
pread F 14220 2531 4K
pread F 14220 2531
pread F 16751 2531
pread F 16751 2531
close G
wait 200
ck after vmstat
mmap A 0 16840 r shared F 0
mincore A 16840
munmap A 16840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 12744 4096 4K
pread F 8648 4096
pread F 4552 4096 4K
pread F 456 4096 256K
wait 200
ck after vmstat
mmap A 0 16840 r shared F 0
mincore A 16840
munmap A 16840
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 8087 r shared F 0
r A+0p 1p
pread F 0 67793
wait 200
ck after vmstat
mincore A 8087
munmap A 8087
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
lseek F 0
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
read F 70218
wait 200
ck after vmstat
mmap A 0 8087 r shared F 0
mincore A 8087
munmap A 8087
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r priv F 0
madvise A 16384p sequential
r A+9994p 8p 8p
r A+5829p 1p
pread F 33611776 4096 12345
r A+6208p 8p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16696532 80684
pread F 16615848 80684 256K
pread F 16535164 80684
pread F 16454480 80684
pread F 16373796 80684 4K
pread F 16293112 80684 256K
open G /mnt/f16m rdonly
pread F 4354048 4096 4K
pread F 8572928 4096 12345
pread F 4358144 4096 256K
pread F 8577024 4096 12345
pread F 4362240 4096
pread F 8581120 4096 256K
pread F 4366336 4096
pread F 8585216 4096 4K
pread F 4370432 4096
pread F 8589312 4096
pread F 4374528 4096 256K
pread F 8593408 4096 4K
pread F 4378624 4096
pread F 8597504 4096 256K
pread F 4382720 4096 256K
pread F 8601600 4096 256K
pread F 4386816 4096 12345
pread F 8605696 4096 256K
close G
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/f64m rdonly
ck before vmstat
pread F 71680 4096
pread F 337920 4096 12345
pread F 604160 4096
pread F 870400 4096
pread F 1136640 4096 256K
pread F 1402880 4096
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 67047424 61440
pread F 66985984 61440 12345
pread F 66924544 61440 12345
pread F 66863104 61440
pread F 66801664 61440 12345
pread F 66740224 61440 4K
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
