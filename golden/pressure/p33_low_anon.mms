scenario p33_low_anon
# Protection of anonymous memory, files beside it.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
swapon /dev/vda
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 24M
sys /cg/a/memory.low 24M
sys /cg/a/x/memory.low 14M
spawn p a/x
spawn q a/y
open F /mnt/f64m rdonly
q: open G /mnt/f64b rdonly
mmap A 0x4000000000 16M rw priv,anon
fill A 12M 2 1
q: pread G 0 40M
ck s1 cg:a cg:a/x cg:a/y
r A 12M
ck s2 cg:a/x stat
exit 0
reap p
q: exit 0
reap q
ck end cg:a cg:a/x cg:a/y
cgrm a/x
cgrm a/y
cgrm a
swapoff /dev/vda
