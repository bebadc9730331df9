scenario s2_zswap_shrinker
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
sys /sys/module/zswap/parameters/compressor lzo
sys /sys/module/zswap/parameters/shrinker_enabled Y
sys /sys/module/zswap/parameters/enabled Y
cg a
sys /cg/a/memory.max 24M
spawn p a
mmap A 0x4000000000 64M rw priv,anon
fill A 20M 3 7 128
ck s0 zswap vmstat cg:a
fill A+20M 20M 3 8 128
ck s1 zswap vmstat cg:a swaps
fill A+40M 20M 3 9 128
ck s2 zswap vmstat cg:a swaps
r A 20M
ck s3 zswap vmstat cg:a swaps status
r A 60M
ck s4 zswap vmstat cg:a swaps
exit 0
sys /sys/module/zswap/parameters/shrinker_enabled N
sys /sys/module/zswap/parameters/enabled N
cgrm a
swapoff /dev/vda
