scenario o25_tree_group_both
# Group kill is asked for above and below: the highest counts.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 32M
sys /cg/a/memory.oom.group 1
sys /cg/a/x/memory.oom.group 1
spawn p a/x
spawn q a/y
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 20M
q: w Q 14M
reap p
reap q
ck end cg:a cg:a/x cg:a/y vmstat
