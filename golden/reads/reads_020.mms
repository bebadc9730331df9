scenario reads_020
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 1593289
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 346643
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 178175
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 61549
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 13219
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 86016 4096
pread F 225280 4096
wait 200
ck after vmstat
mmap A 0 346643 r shared F 0
mincore A 346643
munmap A 346643
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 49152 61440 12345
pread F 110592 4096
pread F 114688 4096
pread F 118784 4096
wait 200
ck after vmstat
mmap A 0 178175 r shared F 0
mincore A 178175
munmap A 178175
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 8192 8192 256K
pread F 16384 8192
pread F 24576 8192
fadvise F 0 163840 sequential
fadvise F 49152 163840 willneed
mmap A 0 61549 r priv F 0
r A+2p 8p 2p
wait 200
ck after vmstat
mincore A 61549
munmap A 61549
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 16384 12345
pread F 16384 16384 256K
pread F 32768 16384 4K
pread F 49152 16384 4K
pread F 53248 20480
wait 200
ck after vmstat
mmap A 0 61549 r shared F 0
mincore A 61549
munmap A 61549
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 4096 409600 12345
pread F 326358 4096 256K
pread F 319390 8192
pread F 110592 131072
wait 200
ck after vmstat
mmap A 0 346643 r shared F 0
mincore A 346643
munmap A 346643
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 172015 6160 4K
pread F 165855 6160 4K
pread F 159695 6160 256K
pread F 153535 6160
pread F 147375 6160 4K
pread F 141215 6160
pread F 135055 6160 12345
pread F 128895 6160 4K
pread F 122735 6160 256K
pread F 116575 6160
pread F 110415 6160
wait 200
ck after vmstat
mmap A 0 178175 r shared F 0
mincore A 178175
munmap A 178175
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 653312 12266
pread F 792554 12266 4K
pread F 931796 12266
wait 200
ck after vmstat
mmap A 0 1593289 r shared F 0
mincore A 1593289
munmap A 1593289
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r2 rdonly
ck before vmstat
frnd F 176128 23 67
wait 200
ck after vmstat
mmap A 0 178175 r shared F 0
mincore A 178175
munmap A 178175
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/f64m rdonly
ck before vmstat
pread F 66977792 131072 12345
pread F 66846720 131072 12345
pread F 66715648 131072 256K
pread F 66584576 131072 12345
pread F 66453504 131072
pread F 66322432 131072 4K
pread F 66191360 131072 256K
mmap A 0 67108864 r priv F 0
r A+7725p 2p
r A+10738p 17p 3p
r A+4038p 17p
pread F 25427968 20480 256K
r A+15430p 17p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 22925312 65536 256K
pread F 32934374 65536
pread F 22990848 65536
pread F 32999910 65536 256K
pread F 23056384 65536
pread F 33065446 65536 4K
pread F 23121920 65536
pread F 33130982 65536 12345
pread F 23187456 65536
pread F 33196518 65536 4K
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
fadvise F 159744 163840 sequential
pread F 237568 409600
pread F 0 20480
pread F 20480 20480 256K
pread F 40960 20480
pread F 61440 20480
pread F 81920 20480
pread F 102400 20480 4K
pread F 122880 20480
pread F 143360 20480
pread F 163840 20480
wait 200
ck after vmstat
mmap A 0 346643 r shared F 0
mincore A 346643
munmap A 346643
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 0 409600 12345
pread F 409600 409600
pread F 819200 409600 4K
pread F 1228800 409600
wait 200
ck after vmstat
mmap A 0 1593289 r shared F 0
mincore A 1593289
munmap A 1593289
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 118784 819200 noreuse
pread F 278528 135168 12345
pread F 43008 196608
pread F 243712 196608 256K
wait 200
ck after vmstat
mmap A 0 346643 r shared F 0
mincore A 346643
munmap A 346643
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 13219 r priv F 0
r A+2p 1p
wait 200
ck after vmstat
mincore A 13219
munmap A 13219
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 131072 4K
wait 200
ck after vmstat
mmap A 0 13219 r shared F 0
mincore A 13219
munmap A 13219
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 61549 r shared F 0
madvise A 16p normal
r A+15p 1p 3p
r A+11p 1p
r A+9p 7p
r A+9p 7p
r A+3p 1p
pread F 16384 47836
wait 200
ck after vmstat
mincore A 61549
munmap A 61549
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 24576 220785 4K
pread G 16384 220785 12345
pread F 245361 220785 256K
pread G 237169 220785
close G
pread F 328093 18550 4K
pread F 309543 18550
pread F 290993 18550 256K
wait 200
ck after vmstat
mmap A 0 346643 r shared F 0
mincore A 346643
munmap A 346643
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/r3 rdonly
ck before vmstat
fadvise F 45056 163840 normal
pread F 28672 126976 12345
pread F 53248 4096 256K
pread F 36864 196608
pread F 53105 196608
wait 200
ck after vmstat
mmap A 0 61549 r shared F 0
mincore A 61549
munmap A 61549
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
open G /mnt/r2 rdonly
pread F 49152 109009 12345
pread F 8192 109009 4K
pread F 158161 109009 256K
pread F 117201 109009 4K
close G
wait 200
ck after vmstat
mmap A 0 178175 r shared F 0
mincore A 178175
munmap A 178175
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r1 rdonly
ck before vmstat
pread F 0 409600 256K
fadvise F 0 0 sequential
pread F 149098 65536 4K
pread F 214634 65536 4K
wait 200
ck after vmstat
mmap A 0 346643 r shared F 0
mincore A 346643
munmap A 346643
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
