scenario p28_compete_lru7
# Two groups compete under one limit.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 7
cgflush 1
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 24M
spawn p a/x
spawn q a/y
open F /mnt/f64m rdonly
q: open G /mnt/f64b rdonly
pread F 0 16M
q: pread G 0 16M
ck s1 cg:a cg:a/x cg:a/y
pread F 0 16M
q: pread G 0 32M
pread F 0 16M
ck s2 cg:a cg:a/x cg:a/y vmstat
exit 0
reap p
q: exit 0
reap q
ck end cg:a cg:a/x cg:a/y
cgrm a/x
cgrm a/y
cgrm a
