scenario reads_021
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 15560
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 26103
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 838356
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 132140
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 47149
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+14478p 1p 17p
r A+3794p 17p 8p
pread F 11870208 4096 12345
r A+11236p 2p
pread F 4980736 28672
r A+6834p 17p 40p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 53688 256K
open G /mnt/r4 rdonly
pread F 45056 4096 12345
pread F 28672 4096
pread F 32768 4096 12345
pread F 36864 4096 12345
pread F 40960 4096 256K
pread F 45056 4096 12345
close G
wait 200
ck after vmstat
mmap A 0 47149 r shared F 0
mincore A 47149
munmap A 47149
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/r2 rdonly
ck before vmstat
pread F 180224 61440
pread F 258048 61440 4K
pread F 335872 61440 256K
pread F 413696 61440
mmap A 0 838356 r shared F 0
r A+104p 1p 17p
pread F 360448 131072
r A+41p 8p
wait 200
ck after vmstat
mincore A 838356
munmap A 838356
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
readahead F 3419 131072
pread F 24576 131072 256K
wait 200
ck after vmstat
mmap A 0 47149 r shared F 0
mincore A 47149
munmap A 47149
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 122880 11985 256K
fadvise F 110592 163840 random
wait 200
ck after vmstat
mmap A 0 132140 r shared F 0
mincore A 132140
munmap A 132140
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 20480 32768
pread F 8192 65536
pread F 16384 6607 12345
pread F 24576 405930
wait 200
ck after vmstat
mmap A 0 26103 r shared F 0
mincore A 26103
munmap A 26103
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 43053 4096
pread F 38957 4096 256K
pread F 34861 4096 12345
pread F 30765 4096 256K
pread F 26669 4096
wait 200
ck after vmstat
mmap A 0 47149 r shared F 0
mincore A 47149
munmap A 47149
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 65774638 4096 dontneed
pread F 8056832 40653 12345
pread F 8097485 40653 12345
fadvise F 25440256 65536 sequential
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 512
open F /mnt/r3 rdonly
ck before vmstat
pread F 122880 18443
pread F 4096 135168 256K
pread F 102400 104580 4K
pread F 81920 4096
pread F 126976 20301 12345
pread F 65536 262144 12345
pread F 100099 4096
pread F 81718 12288
pread F 20480 43632 4K
pread F 64112 43632 256K
pread F 107744 43632 12345
wait 200
ck after vmstat
mmap A 0 132140 r shared F 0
mincore A 132140
munmap A 132140
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 20480 131072
pread F 6175 20480 256K
pread F 0 4096 4K
pread F 20480 1212
pread F 8192 48503
wait 200
ck after vmstat
mmap A 0 26103 r shared F 0
mincore A 26103
munmap A 26103
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 41422848 28672 12345
pread F 54085811 28672 4K
pread F 41451520 28672
pread F 54114483 28672 12345
pread F 41480192 28672
pread F 54143155 28672
pread F 41508864 28672 4K
pread F 54171827 28672
pread F 41537536 28672
pread F 54200499 28672
pread F 41566208 28672 4K
pread F 54229171 28672 12345
pread F 41594880 28672 12345
pread F 54257843 28672 12345
pread F 41623552 28672 12345
pread F 54286515 28672 4K
pread F 41652224 28672 4K
pread F 54315187 28672 256K
close G
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
pread F 620263 4096
pread F 640743 4096
pread F 661223 4096 256K
pread F 681703 4096 256K
pread F 702183 4096 256K
pread F 722663 4096
pread F 743143 4096
pread F 763623 4096
pread F 784103 4096 12345
pread F 804583 4096 4K
pread F 825063 4096 256K
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
pread F 24576 32768
pread F 57344 32768 12345
pread F 90112 32768 256K
pread F 122880 32768
wait 200
ck after vmstat
mmap A 0 132140 r shared F 0
mincore A 132140
munmap A 132140
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
mmap A 0 838356 r priv F 0
madvise A 205p willneed
r A+2p 1p
pread F 24576 16384 12345
r A+128p 2p
r A+142p 1p 40p
wait 200
ck after vmstat
mincore A 838356
munmap A 838356
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 8630 6930
pread F 1700 6930
wait 200
ck after vmstat
mmap A 0 15560 r shared F 0
mincore A 15560
munmap A 15560
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 19869696 28672
pread F 20033536 28672
pread F 20197376 28672 256K
pread F 20361216 28672
pread F 20525056 28672 4K
pread F 20688896 28672 4K
pread F 20852736 28672
pread F 21016576 28672 4K
pread F 21180416 28672 4K
pread F 21344256 28672 256K
mmap A 0 67108864 r shared F 0
r A+6744p 1p 8p
r A+9893p 17p
pread F 21274624 131072 12345
r A+9719p 8p 16p
pread F 30503565 262144
r A+12138p 40p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 14703 857 256K
pread F 13846 857 4K
pread F 12989 857
pread F 12132 857
pread F 11275 857 12345
pread F 10418 857 256K
pread F 9561 857
pread F 8704 857 256K
fadvise F 0 65536 normal
pread F 8192 20480 4K
wait 200
ck after vmstat
mmap A 0 15560 r shared F 0
mincore A 15560
munmap A 15560
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 21961 4096 256K
pread F 26057 135168 12345
wait 200
ck after vmstat
mmap A 0 47149 r shared F 0
mincore A 47149
munmap A 47149
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 333303 12288 12345
pread F 480759 12288 12345
pread F 628215 12288
pread F 775671 12288 4K
pread F 20842 153826 12345
pread F 782336 262144
pread F 835584 65536
pread F 475136 12288
wait 200
ck after vmstat
mmap A 0 838356 r shared F 0
mincore A 838356
munmap A 838356
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/r4 rdonly
ck before vmstat
pread F 40960 3329
pread F 44289 3329
wait 200
ck after vmstat
mmap A 0 47149 r shared F 0
mincore A 47149
munmap A 47149
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
