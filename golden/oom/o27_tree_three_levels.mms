scenario o27_tree_three_levels
# Three levels, the limit in the middle.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cgsub a/x
cg a/x/u
cg a/x/v
sys /cg/a/x/memory.max 24M
spawn p a/x/u
spawn q a/x/v
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 10M
q: w Q 18M
reap p
reap q
ck end cg:a cg:a/x cg:a/x/u cg:a/x/v vmstat
