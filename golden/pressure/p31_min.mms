scenario p31_min
# memory.min of one of two groups, more than it uses.
drop
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 24M
sys /cg/a/memory.min 16M
sys /cg/a/x/memory.min 16M
spawn p a/x
spawn q a/y
open F /mnt/f64m rdonly
q: open G /mnt/f64b rdonly
pread F 0 8M
q: pread G 0 40M
ck s1 cg:a cg:a/x cg:a/y
pread F 0 8M
ck s2 cg:a cg:a/x cg:a/y
exit 0
reap p
q: exit 0
reap q
ck end cg:a cg:a/x cg:a/y
cgrm a/x
cgrm a/y
cgrm a
