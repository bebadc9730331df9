scenario p61_min_free_kbytes
# Higher watermarks.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
sys /proc/sys/vm/min_free_kbytes 65536
spawn p
open F /mnt/f64m rdonly
mmap A 0x4000000000 2G rw priv,anon,noreserve
w A 950M
ck s0 vmstat zoneinfo
pread F 0 64M
open G /mnt/f64b rdonly
pread G 0 64M
ck s1 vmstat zoneinfo
exit 0
reap p
sys /proc/sys/vm/min_free_kbytes 4892
