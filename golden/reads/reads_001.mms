scenario reads_001
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 9922
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 8903
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 299071
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 101747
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 223632
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 4096 4096
pread F 4096 135168 12345
wait 200
ck after vmstat
mmap A 0 8903 r shared F 0
mincore A 8903
munmap A 8903
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 30986240 4096
pread G 61686932 4096
pread F 30990336 4096 256K
pread G 61691028 4096
pread F 30994432 4096 256K
pread G 61695124 4096 12345
pread F 30998528 4096 4K
pread G 61699220 4096 12345
pread F 31002624 4096
pread G 61703316 4096 256K
pread F 31006720 4096 256K
pread G 61707412 4096 12345
pread F 31010816 4096 4K
pread G 61711508 4096 12345
close G
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
open G /mnt/r1 rdonly
pread F 4096 126976 12345
pread G 4096 126976
close G
wait 200
ck after vmstat
mmap A 0 8903 r shared F 0
mincore A 8903
munmap A 8903
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 122880 131072 12345
pread F 184387 131072
close G
wait 200
ck after vmstat
mmap A 0 223632 r shared F 0
mincore A 223632
munmap A 223632
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
r A+2894p 2p 40p
r A+46p 2p 40p
r A+1058p 8p 3p
r A+459p 2p 17p
r A+3386p 2p 16p
open G /mnt/f16m rdonly
pread F 15372288 8366
pread G 7700480 8366
pread F 15380654 8366
pread G 7708846 8366 4K
pread F 15389020 8366
pread G 7717212 8366 256K
close G
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
lseek F 34250752
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
read F 16384
pread F 30513152 262144 4K
pread F 30779392 262144 256K
pread F 31045632 262144 4K
pread F 31311872 262144
pread F 31578112 262144 256K
pread F 31844352 262144
pread F 32110592 262144 256K
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
mmap A 0 101747 r priv F 0
r A+7p 1p
pread F 20480 409600 12345
wait 200
ck after vmstat
mincore A 101747
munmap A 101747
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
fadvise F 4096 819200 random
pread F 172032 4096
open G /mnt/r4 rdonly
pread F 77824 61440 12345
pread F 16384 61440 256K
pread F 139264 61440
pread F 77824 61440
pread F 200704 61440 12345
pread F 139264 61440
pread F 200704 61440 12345
close G
wait 200
ck after vmstat
mmap A 0 223632 r shared F 0
mincore A 223632
munmap A 223632
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
readahead F 90112 2097152
pread F 151552 6391 256K
pread F 131072 65536 4K
pread F 73728 18460
pread F 86016 32768 4K
pread F 143360 123020
pread F 188416 12288 12345
pread F 53248 65536 256K
wait 200
ck after vmstat
mmap A 0 223632 r shared F 0
mincore A 223632
munmap A 223632
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 4096 262144 256K
wait 200
ck after vmstat
mmap A 0 9922 r shared F 0
mincore A 9922
munmap A 9922
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r shared F 0
r A+939p 8p
r A+627p 8p
r A+2185p 1p 17p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 0 4096
pread F 4096 135168 4K
pread F 139264 28672
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
mmap A 0 8903 r priv F 0
r A+0p 1p
pread F 0 61440 256K
r A+1p 2p
pread F 5199 196608
r A+2p 1p 17p
pread F 2048 32768
wait 200
ck after vmstat
mincore A 8903
munmap A 8903
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 60112896 28672
pread F 60141568 28672 256K
pread F 60170240 28672 12345
pread F 60198912 28672 256K
pread F 60227584 28672
pread F 60256256 28672 12345
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
fadvise F 0 0 dontneed
pread F 2375680 4096 256K
pread F 2379776 4096 4K
fadvise F 0 0 sequential
pread F 3383296 65536
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/r4 rdonly
ck before vmstat
pread F 92160 61440 12345
pread F 186368 61440
wait 200
ck after vmstat
mmap A 0 223632 r shared F 0
mincore A 223632
munmap A 223632
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
fadvise F 53248 163840 dontneed
fadvise F 117098 819200 random
pread F 139264 196608
fadvise F 0 0 normal
mmap A 0 223632 r priv F 0
r A+8p 1p
r A+25p 8p
r A+14p 2p
r A+32p 17p 40p
r A+14p 1p
wait 200
ck after vmstat
mincore A 223632
munmap A 223632
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 29454336 126976
pread G 9601024 126976 256K
pread F 29581312 126976 256K
pread G 9728000 126976 256K
pread F 29708288 126976 12345
pread G 9854976 126976 256K
pread F 29835264 126976
pread G 9981952 126976 4K
pread F 29962240 126976 12345
pread G 10108928 126976
pread F 30089216 126976
pread G 10235904 126976 12345
pread F 30216192 126976 12345
pread G 10362880 126976 12345
pread F 30343168 126976 4K
pread G 10489856 126976
pread F 30470144 126976
pread G 10616832 126976 256K
close G
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
fadvise F 4096 12288 dontneed
pread F 0 828
pread F 828 828
fadvise F 0 12288 willneed
pread F 4096 65536
fadvise F 0 0 dontneed
pread F 6688 61440 12345
wait 200
ck after vmstat
mmap A 0 8903 r shared F 0
mincore A 8903
munmap A 8903
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16770445 6771 256K
pread F 16763674 6771
pread F 16756903 6771 12345
pread F 16750132 6771
pread F 16743361 6771 256K
pread F 10436608 44035 256K
pread F 10480643 44035
pread F 10524678 44035 12345
pread F 10568713 44035
pread F 10612748 44035
pread F 10656783 44035
pread F 10700818 4096
pread F 10704914 126976 256K
pread F 10831890 126976 256K
pread F 10958866 126976 256K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
