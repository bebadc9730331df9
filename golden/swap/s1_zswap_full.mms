scenario s1_zswap_full
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
sys /sys/module/zswap/parameters/compressor lzo
sys /sys/module/zswap/parameters/max_pool_percent 1
sys /sys/module/zswap/parameters/enabled Y
cg a
cg b
spawn p a
spawn q b
mmap A 0x4000000000 48M rw priv,anon
q: mmap B 0x5000000000 16M rw priv,anon
fill A 40M 3 7 256
q: fill B 12M 3 9 256
madvise A 10M pageout
ck s0 zswap vmstat cg:a cg:b
q: madvise B 12M pageout
ck s1 zswap vmstat cg:a cg:b swaps
madvise A+10M 20M pageout
wait 100
ck s2 zswap vmstat cg:a cg:b swaps
r A 10M
wait 100
ck s3 zswap vmstat cg:a cg:b swaps status stat
madvise A 40M pageout
wait 100
ck s4 zswap vmstat cg:a cg:b swaps
madvise A 48M dontneed
q: madvise B 12M dontneed
ck s5 zswap vmstat cg:a
exit 0
q: exit 0
sys /sys/module/zswap/parameters/max_pool_percent 20
sys /sys/module/zswap/parameters/enabled N
cgrm a
cgrm b
swapoff /dev/vda
