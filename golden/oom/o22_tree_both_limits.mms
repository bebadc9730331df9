scenario o22_tree_both_limits
# The limit above is met before the child's own.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 24M
sys /cg/a/x/memory.max 20M
spawn p a/x
spawn q a/y
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
q: w Q 12M
p: w P 16M
reap p
reap q
ck end cg:a cg:a/x cg:a/y vmstat
