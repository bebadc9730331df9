scenario reads_009
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 86389
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 10198
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 112255
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 157898
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 53392
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r1 rdonly
ck before vmstat
pread F 0 26653
wait 200
ck after vmstat
mmap A 0 10198 r shared F 0
mincore A 10198
munmap A 10198
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+4559p 1p
r A+3671p 8p
r A+6477p 40p
pread F 11206656 4096 12345
r A+16277p 8p 16p
pread F 25788416 4096
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+1121p 1p 16p
r A+7759p 1p
pread F 49116555 409600
r A+11376p 1p 17p
r A+6882p 2p
r A+601p 2p 8p
pread F 14991360 196608
pread F 0 13313 12345
pread F 13313 13313 4K
pread F 26626 13313
pread F 39939 13313
pread F 53252 13313
pread F 66565 131072 12345
pread F 197637 131072 256K
pread F 328709 32768
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 60452864 61440 256K
pread F 60514304 32768
pread F 60547072 32768 256K
pread F 60579840 32768
pread F 60612608 32768
pread F 60645376 32768 4K
pread F 60678144 32768
pread F 36794368 126976 256K
pread F 36921344 126976
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r4 rdonly
ck before vmstat
lseek F 36864
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
mmap A 0 53392 r shared F 0
mincore A 53392
munmap A 53392
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 9519 409600
pread F 4096 409600 12345
close G
wait 200
ck after vmstat
mmap A 0 10198 r shared F 0
mincore A 10198
munmap A 10198
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 0 0 normal
fadvise F 0 163840 sequential
fadvise F 86016 819200 normal
wait 200
ck after vmstat
mmap A 0 112255 r shared F 0
mincore A 112255
munmap A 112255
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 40960 196608 4K
pread F 40960 196608
close G
pread F 0 50375
pread F 50375 8192
pread F 58567 8192
pread F 66759 8192 12345
pread F 74951 8192
wait 200
ck after vmstat
mmap A 0 86389 r shared F 0
mincore A 86389
munmap A 86389
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
read F 3418
read F 3418
pread F 53621 32768 12345
pread F 20853 32768
wait 200
ck after vmstat
mmap A 0 86389 r shared F 0
mincore A 86389
munmap A 86389
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 64
open F /mnt/r3 rdonly
ck before vmstat
pread F 24469 79360 256K
pread F 112021 79360 4K
wait 200
ck after vmstat
mmap A 0 157898 r shared F 0
mincore A 157898
munmap A 157898
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
open G /mnt/f64m rdonly
pread F 53563392 196608 4K
pread G 10543104 196608 4K
pread F 53760000 196608 4K
pread G 10739712 196608
pread F 53956608 196608 256K
pread G 10936320 196608 4K
pread F 54153216 196608
pread G 11132928 196608 256K
pread F 54349824 196608
pread G 11329536 196608
pread F 54546432 196608 256K
pread G 11526144 196608 12345
pread F 54743040 196608
pread G 11722752 196608
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
mmap A 0 67108864 r shared F 0
madvise A 16384p willneed
r A+12611p 1p
r A+2485p 1p
r A+7449p 40p 17p
r A+15179p 17p
r A+6721p 1p
madvise A 16384p normal
r A+10766p 1p
r A+13230p 17p 16p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
frnd F 110592 18 25
pread F 21000 5838 256K
pread F 43222 5838
pread F 65444 5838 256K
wait 200
ck after vmstat
mmap A 0 112255 r shared F 0
mincore A 112255
munmap A 112255
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 6102 4096 12345
pread F 2006 4096 4K
mmap A 0 10198 r priv F 0
r A+0p 1p
r A+2p 1p
pread F 4096 16384
wait 200
ck after vmstat
mincore A 10198
munmap A 10198
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 8192 2907 256K
pread F 8192 2907
close G
mmap A 0 10198 r priv F 0
r A+1p 2p
r A+2p 1p 17p
pread F 4096 17221
r A+2p 1p 17p
r A+0p 1p
wait 200
ck after vmstat
mincore A 10198
munmap A 10198
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 36864 65536
pread F 8192 28672
pread F 40960 11649
pread F 81920 199980 12345
pread F 19934 3251
pread F 36864 3099 12345
wait 200
ck after vmstat
mmap A 0 112255 r shared F 0
mincore A 112255
munmap A 112255
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 2048 20480 256K
wait 200
ck after vmstat
mmap A 0 10198 r shared F 0
mincore A 10198
munmap A 10198
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 16384 97023 256K
pread F 12288 97023 256K
close G
wait 200
ck after vmstat
mmap A 0 53392 r shared F 0
mincore A 53392
munmap A 53392
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
frnd F 110592 14 11
pread F 4096 196608
wait 200
ck after vmstat
mmap A 0 112255 r shared F 0
mincore A 112255
munmap A 112255
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/f16m rdonly
ck before vmstat
lseek F 14635008
read F 135168
read F 135168
read F 135168
wait 200
ck after vmstat
mmap A 0 16777216 r shared F 0
mincore A 16777216
munmap A 16777216
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
