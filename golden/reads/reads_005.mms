scenario reads_005
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 250522
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 2030322
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 680359
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 5763
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 47381
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 163840 4096
pread F 167936 4096
pread F 172032 4096
fadvise F 4096 12288 sequential
pread F 172032 20480
wait 200
ck after vmstat
mmap A 0 680359 r shared F 0
mincore A 680359
munmap A 680359
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 256
open F /mnt/r3 rdonly
ck before vmstat
pread F 0 32768 12345
wait 200
ck after vmstat
mmap A 0 5763 r shared F 0
mincore A 5763
munmap A 5763
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
mmap A 0 16777216 r priv F 0
r A+3431p 1p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 2030322 r shared F 0
r A+176p 8p
r A+397p 2p
r A+408p 1p 2p
r A+46p 1p
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
read F 65536
wait 200
ck after vmstat
mincore A 2030322
munmap A 2030322
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 1310720 10586 12345
pread F 1325402 10586 12345
pread F 1340084 10586 4K
pread F 1354766 10586
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
readahead F 61157376 32768
pread F 4391767 17115 12345
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
pread F 0 135168 12345
pread F 135168 135168 12345
pread F 270336 135168 4K
pread F 405504 135168 256K
pread F 540672 135168 256K
pread F 675840 135168
pread F 811008 16384 4K
pread F 827392 16384
pread F 843776 32768 12345
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 96
open F /mnt/r0 rdonly
ck before vmstat
pread F 94208 17358 256K
pread F 245760 16384
pread F 122880 32768 256K
pread F 118784 409600 256K
pread F 90112 126976 4K
pread F 0 87646
pread F 87646 87646
pread F 175292 62553 256K
pread F 237845 62553 4K
wait 200
ck after vmstat
mmap A 0 250522 r shared F 0
mincore A 250522
munmap A 250522
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 43895 12288 sequential
pread F 56773 8192 4K
wait 200
ck after vmstat
mmap A 0 680359 r shared F 0
mincore A 680359
munmap A 680359
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 9658368 126976 256K
pread G 31920128 126976 4K
pread F 9785344 126976
pread G 32047104 126976 12345
pread F 9912320 126976 256K
pread G 32174080 126976
pread F 10039296 126976 12345
pread G 32301056 126976 12345
pread F 10166272 126976 256K
pread G 32428032 126976
pread F 10293248 126976 256K
pread G 32555008 126976 12345
close G
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
pread F 67584 126976 12345
pread F 210944 126976 4K
pread F 354304 126976
pread F 497664 126976
pread F 641024 126976 12345
pread F 47104 4096
pread F 178176 4096 256K
pread F 309248 4096 12345
pread F 440320 4096 4K
pread F 571392 4096 4K
wait 200
ck after vmstat
mmap A 0 680359 r shared F 0
mincore A 680359
munmap A 680359
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 741376 16384 4K
pread F 823296 16384 256K
pread F 905216 16384 4K
pread F 987136 16384
pread F 1069056 16384 256K
pread F 1150976 16384 256K
pread F 1232896 16384 4K
wait 200
ck after vmstat
mmap A 0 2030322 r shared F 0
mincore A 2030322
munmap A 2030322
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r0 rdonly
ck before vmstat
pread F 61440 217 4K
pread F 139264 25622
pread F 61440 12288 256K
pread F 73728 262144 12345
pread F 229376 8192
pread F 77824 65536 12345
pread F 4096 126976 12345
pread F 32768 32768
wait 200
ck after vmstat
mmap A 0 250522 r shared F 0
mincore A 250522
munmap A 250522
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 1667 4096 256K
wait 200
ck after vmstat
mmap A 0 5763 r shared F 0
mincore A 5763
munmap A 5763
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4
open F /mnt/r4 rdonly
ck before vmstat
mmap A 0 47381 r priv F 0
r A+11p 1p
r A+3p 8p
r A+11p 1p 40p
r A+2p 1p
pread F 4096 20480
pread F 32768 20480 256K
wait 200
ck after vmstat
mincore A 47381
munmap A 47381
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 3067904 262144
pread F 3330048 262144
fadvise F 5066752 819200 random
pread F 7401472 28672 12345
pread F 7430144 28672
fadvise F 12451840 163840 sequential
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 16121828 483 12345
pread F 12902400 7035
pread F 3891200 73278 12345
pread F 12611584 28672 12345
pread F 11698176 131072 256K
pread F 9929179 94954 12345
pread F 1216512 20480 4K
pread F 2121728 4096
lseek F 16138240
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
read F 126976
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
mmap A 0 250522 r priv F 0
madvise A 62p sequential
r A+4p 1p 16p
pread F 65536 7706
r A+30p 1p
pread F 41427 4096
pread F 180691 4096 256K
wait 200
ck after vmstat
mincore A 250522
munmap A 250522
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
fadvise F 0 0 noreuse
pread F 4096 4096 256K
pread F 8192 4096
wait 200
ck after vmstat
mmap A 0 250522 r shared F 0
mincore A 250522
munmap A 250522
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 364544 4096 256K
pread F 368640 4096
pread F 372736 4096 4K
fadvise F 0 0 noreuse
pread F 860160 4096
pread F 864256 4096
fadvise F 0 0 willneed
wait 200
ck after vmstat
mmap A 0 2030322 r shared F 0
mincore A 2030322
munmap A 2030322
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
