scenario o23_tree_group_in_child
# Group kill of the child in which the victim is.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.max 32M
sys /cg/a/x/memory.oom.group 1
spawn p a/x
spawn r a/x
spawn q a/y
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 16M
r: w R 4M
q: w Q 14M
reap p
reap r
reap q
ck end cg:a cg:a/x cg:a/y vmstat
