scenario reads_015
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 2359187
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 521360
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 5783
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 2962234
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 37948
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 521360 r shared F 0
r A+57p 1p 17p
r A+116p 12p
pread F 294912 196608 4K
r A+103p 25p 2p
wait 200
ck after vmstat
mincore A 521360
munmap A 521360
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 16
open F /mnt/r4 rdonly
ck before vmstat
pread F 0 1637 4K
pread F 1637 196608 12345
mmap A 0 37948 r shared F 0
madvise A 10p random
r A+3p 1p
wait 200
ck after vmstat
mincore A 37948
munmap A 37948
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 925696 32768 4K
pread F 966656 32768 4K
pread F 1007616 32768
pread F 1048576 32768 256K
pread F 1089536 32768
pread F 1130496 32768 256K
pread F 1171456 32768
pread F 1212416 32768
pread F 1253376 32768 4K
pread F 1294336 32768
wait 200
ck after vmstat
mmap A 0 2359187 r shared F 0
mincore A 2359187
munmap A 2359187
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 512
open F /mnt/r0 rdonly
ck before vmstat
open G /mnt/r0 rdonly
pread F 2097152 196608 12345
pread F 339968 196608 4K
pread F 2293760 196608 256K
pread F 536576 196608
pread F 733184 196608 12345
pread F 929792 196608
pread F 1126400 196608
pread F 1323008 196608 256K
pread F 1519616 196608 4K
pread F 1716224 196608 4K
pread F 1912832 196608 256K
close G
mmap A 0 2359187 r shared F 0
r A+456p 1p
pread F 1807761 131072 256K
r A+397p 8p
pread F 2093019 65536
r A+322p 2p
wait 200
ck after vmstat
mincore A 2359187
munmap A 2359187
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
readahead F 2690280 4096
pread F 1404290 12288 256K
pread F 1437696 262144
pread F 1652277 4096
pread F 2748416 16384 12345
pread F 2281472 65536
pread F 2334720 7650 12345
pread F 656220 65536 12345
wait 200
ck after vmstat
mmap A 0 2962234 r shared F 0
mincore A 2962234
munmap A 2962234
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
pread F 0 7920 12345
wait 200
ck after vmstat
mmap A 0 5783 r shared F 0
mincore A 5783
munmap A 5783
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 9840640 245503 4K
pread F 10221311 245503
pread F 10601982 245503 4K
pread F 10982653 245503 256K
pread F 11363324 245503 4K
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
pread F 2917913 44321 12345
pread F 2873592 44321
pread F 2829271 44321 12345
wait 200
ck after vmstat
mmap A 0 2962234 r shared F 0
mincore A 2962234
munmap A 2962234
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 972800 32768 12345
pread F 1140736 32768
pread F 1308672 32768
pread F 1476608 32768 256K
pread F 1644544 32768 4K
pread F 1812480 32768 4K
pread F 1980416 32768 256K
pread F 2148352 32768 12345
pread F 2316288 32768 4K
wait 200
ck after vmstat
mmap A 0 2962234 r shared F 0
mincore A 2962234
munmap A 2962234
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 32
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 0 0 normal
pread F 4096 65536 256K
fadvise F 0 0 random
pread F 0 28672 256K
fadvise F 0 0 noreuse
wait 200
ck after vmstat
mmap A 0 5783 r shared F 0
mincore A 5783
munmap A 5783
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 2827066 135168 4K
pread F 2691898 135168 4K
pread F 2556730 135168 4K
pread F 2421562 135168 4K
pread F 2286394 135168
pread F 2151226 135168 256K
pread F 2016058 135168 4K
wait 200
ck after vmstat
mmap A 0 2962234 r shared F 0
mincore A 2962234
munmap A 2962234
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 700416 12288
pread F 745472 12288 12345
pread F 790528 12288 256K
pread F 835584 12288 256K
wait 200
ck after vmstat
mmap A 0 2359187 r shared F 0
mincore A 2359187
munmap A 2359187
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
mmap A 0 67108864 r shared F 0
r A+12158p 1p 40p
r A+10773p 8p
r A+8565p 40p
pread F 52838400 61440 12345
r A+10374p 1p
wait 200
ck after vmstat
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 2962234 r priv F 0
r A+651p 1p
pread F 700416 8192
r A+45p 17p
r A+444p 1p
r A+93p 1p
r A+267p 8p 2p
wait 200
ck after vmstat
mincore A 2962234
munmap A 2962234
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 4096
open F /mnt/f16m rdonly
ck before vmstat
fadvise F 0 0 sequential
pread F 5693440 57418 256K
pread F 5750858 57418 4K
pread F 5808276 57418
fadvise F 0 0 dontneed
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
mmap A 0 2359187 r priv F 0
madvise A 576p willneed
r A+74p 8p
r A+227p 17p 2p
r A+356p 1p
pread F 471040 126976
lseek F 1236992
read F 12288
read F 12288
read F 12288
read F 12288
read F 12288
wait 200
ck after vmstat
mincore A 2359187
munmap A 2359187
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 1024
open F /mnt/r3 rdonly
ck before vmstat
mmap A 0 2962234 r shared F 0
r A+436p 1p
r A+662p 40p
r A+56p 17p
pread F 2031616 13303 256K
fadvise F 1662976 65536 willneed
fadvise F 0 0 willneed
wait 200
ck after vmstat
mincore A 2962234
munmap A 2962234
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
lseek F 36864
read F 1168
read F 1168
read F 1168
open G /mnt/r4 rdonly
pread F 31452 196608
pread F 8192 196608
close G
wait 200
ck after vmstat
mmap A 0 37948 r shared F 0
mincore A 37948
munmap A 37948
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r1 rdonly
ck before vmstat
open G /mnt/r1 rdonly
pread F 286720 409600
pread G 192512 409600 256K
close G
wait 200
ck after vmstat
mmap A 0 521360 r shared F 0
mincore A 521360
munmap A 521360
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 274432 57590
pread F 192512 28672 256K
pread F 36864 4096
pread F 344064 409600 256K
pread F 8192 12288
wait 200
ck after vmstat
mmap A 0 521360 r shared F 0
mincore A 521360
munmap A 521360
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
