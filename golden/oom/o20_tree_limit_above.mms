scenario o20_tree_limit_above
# The limit is above: the biggest of both children dies.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 32M
spawn p a/x
spawn q a/y
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 20M
q: w Q 14M
reap p
reap q
ck end cg:a cg:a/x cg:a/y vmstat
