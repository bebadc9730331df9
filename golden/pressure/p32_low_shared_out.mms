scenario p32_low_shared_out
# Protection of the parent is shared by claims.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 24M
sys /cg/a/memory.low 12M
sys /cg/a/x/memory.low 12M
sys /cg/a/y/memory.low 12M
spawn p a/x
spawn q a/y
open F /mnt/f64m rdonly
q: open G /mnt/f64b rdonly
pread F 0 16M
q: pread G 0 40M
ck s1 cg:a cg:a/x cg:a/y
pread F 0 16M
ck s2 cg:a cg:a/x cg:a/y
exit 0
reap p
q: exit 0
reap q
ck end cg:a cg:a/x cg:a/y
cgrm a/x
cgrm a/y
cgrm a
