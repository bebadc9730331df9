scenario reads_008
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 18225
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 14609
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 10085
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 280521
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 85004
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 31428608 409600
pread F 31838208 409600
pread F 32247808 409600
pread F 32657408 409600 4K
pread F 33067008 4096
pread F 33071104 4096 12345
pread F 33075200 4096 12345
pread F 33079296 4096 12345
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 0 0 random
pread F 57192448 8192 256K
pread F 57200640 8192 4K
fadvise F 26525696 65536 dontneed
pread F 38162432 1802
pread F 38164234 1802
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
pread F 8192 16384
wait 200
ck after vmstat
mmap A 0 18225 r shared F 0
mincore A 18225
munmap A 18225
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 2852864 28672 4K
pread F 3016704 28672
pread F 3180544 28672 12345
pread F 3344384 28672
pread F 3508224 28672 256K
pread F 3672064 28672
pread F 3835904 28672
pread F 3999744 28672
pread F 4163584 28672
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
pread F 0 4096 256K
pread F 4096 4096 12345
pread F 8192 61440 256K
pread F 69632 262144 12345
wait 200
ck after vmstat
mmap A 0 85004 r shared F 0
mincore A 85004
munmap A 85004
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
lseek F 12288
read F 12288
read F 12288
read F 12288
wait 200
ck after vmstat
mmap A 0 14609 r shared F 0
mincore A 14609
munmap A 14609
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 119364
wait 200
ck after vmstat
mmap A 0 10085 r shared F 0
mincore A 10085
munmap A 10085
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 48713
open G /mnt/r2 rdonly
pread F 0 65536 256K
pread G 6049 65536 256K
close G
wait 200
ck after vmstat
mmap A 0 10085 r shared F 0
mincore A 10085
munmap A 10085
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
open G /mnt/r3 rdonly
pread F 159744 381699 12345
pread G 204800 381699 12345
close G
wait 200
ck after vmstat
mmap A 0 280521 r shared F 0
mincore A 280521
munmap A 280521
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 8192 7671 256K
pread F 12288 7671 256K
pread F 15863 7671 256K
close G
wait 200
ck after vmstat
mmap A 0 18225 r shared F 0
mincore A 18225
munmap A 18225
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
read F 135168
read F 135168
read F 135168
read F 135168
read F 135168
wait 200
ck after vmstat
mmap A 0 85004 r shared F 0
mincore A 85004
munmap A 85004
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 66915957 192907
pread F 66723050 192907
pread F 66530143 192907 4K
pread F 66337236 192907
pread F 66144329 192907
pread F 65951422 192907 12345
pread F 65758515 192907 4K
pread F 65565608 192907
pread F 65372701 192907
pread F 65179794 192907
read F 32768
read F 32768
read F 32768
read F 32768
read F 32768
read F 32768
read F 32768
read F 32768
read F 32768
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 14609 r shared F 0
madvise A 4p random
r A+2p 2p
wait 200
ck after vmstat
mincore A 14609
munmap A 14609
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 96
open F /mnt/r4 rdonly
ck before vmstat
fadvise F 0 0 random
fadvise F 77824 12288 sequential
fadvise F 0 0 sequential
pread F 8192 16384
wait 200
ck after vmstat
mmap A 0 85004 r shared F 0
mincore A 85004
munmap A 85004
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/f16m rdonly
ck before vmstat
open G /mnt/f16m rdonly
pread F 9912086 1087 256K
pread G 16068608 1087
pread F 9913173 1087 4K
pread G 16069695 1087
pread F 9914260 1087
pread G 16070782 1087
pread F 9915347 1087 4K
pread G 16071869 1087
close G
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
pread F 192512 98287 256K
pread F 139264 145164 4K
pread F 262144 409600
pread F 274432 10608 4K
pread F 61440 4096 256K
pread F 265606 126976
pread F 75091 4096
pread F 116736 6972 12345
pread F 131900 6972
pread F 147064 6972 12345
pread F 162228 6972 256K
pread F 177392 6972 256K
pread F 192556 6972
pread F 207720 6972 256K
pread F 222884 6972
wait 200
ck after vmstat
mmap A 0 280521 r shared F 0
mincore A 280521
munmap A 280521
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
lseek F 4096
read F 135168
read F 135168
pread F 4096 65536 256K
wait 200
ck after vmstat
mmap A 0 14609 r shared F 0
mincore A 14609
munmap A 14609
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 4096 61440 4K
pread F 0 8192 4K
pread F 8192 8192 12345
wait 200
ck after vmstat
mmap A 0 14609 r shared F 0
mincore A 14609
munmap A 14609
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 61440
pread F 61440 61440 256K
wait 200
ck after vmstat
mmap A 0 85004 r shared F 0
mincore A 85004
munmap A 85004
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r shared F 0
r A+3944p 40p 16p
r A+3482p 8p
pread F 11617488 135168 256K
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
