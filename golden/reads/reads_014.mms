scenario reads_014
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 8276
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 520800
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 6607
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 88468
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 685314
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 17473536 409600
pread F 18145280 409600
pread F 18817024 409600
pread F 19488768 409600
pread F 20160512 409600 12345
pread F 20832256 409600 256K
pread F 21504000 409600
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
pread F 16752471 24745 12345
pread F 16727726 24745 12345
pread F 16702981 24745 256K
pread F 16678236 24745
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 512
open F /mnt/r4 rdonly
ck before vmstat
pread F 507904 409600
pread F 90112 8192 4K
pread F 118784 4096
pread F 557056 61440 4K
lseek F 98304
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
read F 131072
wait 200
ck after vmstat
mmap A 0 685314 r shared F 0
mincore A 685314
munmap A 685314
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/r1 rdonly
ck before vmstat
frnd F 520192 37 56
wait 200
ck after vmstat
mmap A 0 520800 r shared F 0
mincore A 520800
munmap A 520800
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
madvise A 4096p random
r A+2158p 1p
pread F 15745024 8192
r A+1576p 1p
pread F 9478144 14916
r A+1197p 40p
pread F 8876032 20480 256K
r A+2386p 17p 8p
pread F 5308416 20480 4K
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 4231168 65536
pread G 57630720 65536
pread F 4296704 65536
pread G 57696256 65536
pread F 4362240 65536
pread G 57761792 65536
pread F 4427776 65536 256K
pread G 57827328 65536 4K
pread F 4493312 65536 4K
pread G 57892864 65536
pread F 4558848 65536 12345
pread G 57958400 65536 4K
pread F 4624384 65536
pread G 58023936 65536
pread F 4689920 65536 256K
pread G 58089472 65536 256K
pread F 4755456 65536 12345
pread G 58155008 65536 4K
close G
mmap A 0 67108864 r priv F 0
madvise A 16384p sequential
r A+4800p 40p 3p
pread F 29801310 78048 12345
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/r3 rdonly
ck before vmstat
lseek F 10054
read F 793
read F 793
read F 793
wait 200
ck after vmstat
mmap A 0 88468 r shared F 0
mincore A 88468
munmap A 88468
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 520800 r shared F 0
madvise A 128p random
r A+34p 2p 3p
pread F 233472 262144
wait 200
ck after vmstat
mincore A 520800
munmap A 520800
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r0 rdonly
ck before vmstat
lseek F 0
read F 28672
read F 28672
wait 200
ck after vmstat
mmap A 0 8276 r shared F 0
mincore A 8276
munmap A 8276
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 4180 4096 12345
pread F 84 4096 256K
wait 200
ck after vmstat
mmap A 0 8276 r shared F 0
mincore A 8276
munmap A 8276
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 9348387 110758 4K
pread F 9459145 110758
pread F 9569903 110758 4K
pread F 9680661 110758 12345
pread F 9791419 110758
pread F 9902177 110758
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 685314 r shared F 0
madvise A 168p random
r A+117p 1p 2p
r A+47p 17p
r A+98p 1p
r A+89p 1p
wait 200
ck after vmstat
mincore A 685314
munmap A 685314
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/r0 rdonly
ck before vmstat
mmap A 0 8276 r shared F 0
madvise A 3p normal
r A+1p 1p
r A+2p 1p
r A+0p 3p 3p
wait 200
ck after vmstat
mincore A 8276
munmap A 8276
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
readahead F 63891092 131072
pread F 47165440 126976 12345
pread F 58007552 4096 256K
pread F 23064576 20480
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
pread F 0 28672
pread F 28672 28672 12345
pread F 57344 28672 12345
pread F 86016 82102 4K
pread F 168118 82102
pread F 250220 82102
pread F 332322 82102 12345
pread F 414424 82102
pread F 496526 262144 12345
wait 200
ck after vmstat
mmap A 0 520800 r shared F 0
mincore A 520800
munmap A 520800
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 659456 3084
pread F 561152 3084 12345
pread F 662540 3084
pread F 564236 3084 256K
pread F 665624 3084 12345
pread F 567320 3084
pread F 668708 3084 256K
pread F 570404 3084 4K
close G
wait 200
ck after vmstat
mmap A 0 685314 r shared F 0
mincore A 685314
munmap A 685314
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/f16m rdonly
ck before vmstat
pread F 6352896 135168 12345
pread F 14151680 7096
pread F 4001792 409600
pread F 4812800 32768
pread F 339968 61440 256K
pread F 8085504 12288 256K
pread F 6062080 135168 256K
pread F 16367616 28672 4K
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 41148977 163840 noreuse
pread F 54472704 41795 12345
pread F 54514499 41795 256K
read F 118
read F 118
read F 118
read F 118
read F 118
read F 118
read F 118
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
pread F 16580608 196608 4K
pread F 16384000 196608
pread F 16187392 196608 4K
pread F 15990784 196608 12345
pread F 15794176 196608
pread F 15597568 196608
pread F 15400960 196608 256K
pread F 15204352 196608
pread F 15007744 196608 12345
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
fadvise F 0 163840 dontneed
pread F 0 32768
fadvise F 0 0 noreuse
pread F 0 262144 4K
open G /mnt/r2 rdonly
pread F 0 16384
pread F 5249 16384 4K
close G
wait 200
ck after vmstat
mmap A 0 6607 r shared F 0
mincore A 6607
munmap A 6607
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
