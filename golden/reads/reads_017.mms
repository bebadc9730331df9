scenario reads_017
spawn p
open W /mnt/r0 rdwr,creat,trunc 0644
pwrite W 0 127385
fsync W
close W
open W /mnt/r1 rdwr,creat,trunc 0644
pwrite W 0 27582
fsync W
close W
open W /mnt/r2 rdwr,creat,trunc 0644
pwrite W 0 1722632
fsync W
close W
open W /mnt/r3 rdwr,creat,trunc 0644
pwrite W 0 878247
fsync W
close W
open W /mnt/r4 rdwr,creat,trunc 0644
pwrite W 0 1180018
fsync W
close W
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
pread F 1175922 4096
pread F 1171826 4096 12345
pread F 1167730 4096 12345
pread F 1163634 4096
pread F 1159538 4096 256K
pread F 1155442 4096 12345
mmap A 0 1180018 r shared F 0
r A+158p 2p
wait 200
ck after vmstat
mincore A 1180018
munmap A 1180018
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 24576 4096
fadvise F 0 0 dontneed
pread F 24576 12288 256K
fadvise F 0 0 random
wait 200
ck after vmstat
mmap A 0 27582 r shared F 0
mincore A 27582
munmap A 27582
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r4 rdonly
ck before vmstat
open G /mnt/r4 rdonly
pread F 991232 4096 4K
pread G 413696 4096
pread F 995328 4096 12345
pread G 417792 4096 12345
pread F 999424 4096 12345
pread G 421888 4096
pread F 1003520 4096 4K
pread G 425984 4096 4K
pread F 1007616 4096 12345
pread G 430080 4096 4K
pread F 1011712 4096
pread G 434176 4096
pread F 1015808 4096 256K
pread G 438272 4096
pread F 1019904 4096
pread G 442368 4096
close G
wait 200
ck after vmstat
mmap A 0 1180018 r shared F 0
mincore A 1180018
munmap A 1180018
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 5293347 4096 256K
pread F 5428515 4096 256K
pread F 5563683 4096 4K
pread F 5698851 4096 4K
mmap A 0 16777216 r shared F 0
r A+1980p 1p
pread F 5483098 4096 4K
r A+3217p 40p
r A+3645p 1p 3p
pread F 10678521 126976 12345
r A+3462p 1p 8p
r A+1385p 8p
wait 200
ck after vmstat
mincore A 16777216
munmap A 16777216
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 23857152 4096
pread F 24123392 4096 12345
pread F 24389632 4096 12345
wait 200
ck after vmstat
mmap A 0 67108864 r shared F 0
mincore A 67108864
munmap A 67108864
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 512
open F /mnt/r4 rdonly
ck before vmstat
readahead F 286720 409600
pread F 24576 15315 256K
pread F 688128 32768
pread F 57344 61440
pread F 53248 981 4K
pread F 253952 4096
pread F 394432 32768 256K
pread F 1138688 135168
pread F 1101824 65536
wait 200
ck after vmstat
mmap A 0 1180018 r shared F 0
mincore A 1180018
munmap A 1180018
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r3 rdonly
ck before vmstat
pread F 61440 26930
pread F 153906 26930 256K
pread F 246372 26930
pread F 338838 26930
pread F 431304 26930 4K
pread F 523770 26930 256K
pread F 616236 26930
pread F 708702 26930 4K
pread F 801168 26930 256K
wait 200
ck after vmstat
mmap A 0 878247 r shared F 0
mincore A 878247
munmap A 878247
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 58503168 409600 12345
pread F 58912768 65536 256K
pread F 58978304 65536 4K
pread F 59043840 28672
pread F 28655616 33687 4K
pread F 28754839 33687 256K
pread F 28854062 33687 12345
pread F 28953285 33687
pread F 29052508 33687 256K
pread F 29151731 33687
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
pread F 468647 409600
pread F 59047 409600 256K
wait 200
ck after vmstat
mmap A 0 878247 r shared F 0
mincore A 878247
munmap A 878247
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f16m rdonly
ck before vmstat
pread F 2506752 61440
pread F 2695168 61440 4K
pread F 2883584 61440
pread F 3072000 61440 256K
pread F 3260416 61440
pread F 3448832 61440
pread F 3637248 61440
pread F 3825664 61440 12345
pread F 4014080 61440 256K
pread F 4202496 61440 4K
pread F 4390912 61440 4K
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
pread F 126994 391 12345
pread F 126603 391 12345
pread F 126212 391
wait 200
ck after vmstat
mmap A 0 127385 r shared F 0
mincore A 127385
munmap A 127385
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r0 rdonly
ck before vmstat
pread F 94617 32768
pread F 61849 32768 4K
pread F 29081 32768
wait 200
ck after vmstat
mmap A 0 127385 r shared F 0
mincore A 127385
munmap A 127385
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
fadvise F 30867456 163840 normal
pread F 61140992 126976 12345
fadvise F 0 0 willneed
pread F 11788288 59701 4K
pread F 11847989 59701 4K
pread F 11907690 59701 256K
fadvise F 32096256 163840 sequential
pread F 23289856 262144
pread F 23552000 262144
pread F 23814144 262144 4K
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
lseek F 1208009
read F 61440
read F 61440
read F 61440
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
lseek F 34508
read F 255
read F 255
read F 255
read F 255
read F 255
read F 255
read F 255
read F 255
read F 255
read F 255
pread F 18432 4096 12345
pread F 88064 4096 256K
wait 200
ck after vmstat
mmap A 0 127385 r shared F 0
mincore A 127385
munmap A 127385
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r1 rdonly
ck before vmstat
pread F 12288 1026
pread F 13314 1026
pread F 14340 1026
pread F 15366 1026
pread F 16392 120843
pread F 4096 61440
wait 200
ck after vmstat
mmap A 0 27582 r shared F 0
mincore A 27582
munmap A 27582
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 0
open F /mnt/r1 rdonly
ck before vmstat
mmap A 0 27582 r priv F 0
madvise A 7p willneed
r A+4p 1p 17p
r A+1p 6p 40p
r A+0p 7p
wait 200
ck after vmstat
mincore A 27582
munmap A 27582
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/r2 rdonly
ck before vmstat
fadvise F 0 0 willneed
pread F 1675264 409600 12345
wait 200
ck after vmstat
mmap A 0 1722632 r shared F 0
mincore A 1722632
munmap A 1722632
close F
drop
sys /sys/block/nullb1/queue/read_ahead_kb 128
open F /mnt/f64m rdonly
ck before vmstat
pread F 67081630 27234 256K
pread F 67054396 27234 4K
pread F 67027162 27234 256K
pread F 66999928 27234
pread F 66972694 27234 12345
pread F 66945460 27234
pread F 27512832 20480 4K
pread F 27533312 20480
pread F 27553792 20480
pread F 27574272 2964 4K
pread F 27577236 2964
pread F 27580200 2964 12345
pread F 27583164 2964
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
mmap A 0 127385 r priv F 0
r A+15p 17p
r A+28p 1p
r A+29p 3p
r A+11p 2p
wait 200
ck after vmstat
mincore A 127385
munmap A 127385
close F
sys /sys/block/nullb1/queue/read_ahead_kb 128
