scenario p59_global_files
# The machine fills with files: kswapd.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
spawn p
open F /mnt/f64m rdonly
open G /mnt/f64b rdonly
mmap A 0x4000000000 2G rw priv,anon,noreserve
w A 1150M
ck s0 vmstat
pread F 0 64M
pread G 0 64M
ck s1 vmstat zoneinfo
pread F 0 64M
ck s2 vmstat zoneinfo
exit 0
reap p
ck end vmstat
