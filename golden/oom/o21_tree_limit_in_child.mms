scenario o21_tree_limit_in_child
# The limit is the child's: a bigger task beside it is safe.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/x/memory.max 12M
spawn p a/x
spawn q a/y
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
q: w Q 30M
p: w P 16M
reap p
reap q
ck end cg:a cg:a/x cg:a/y vmstat
