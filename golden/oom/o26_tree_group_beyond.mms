scenario o26_tree_group_beyond
# A group above the limit's has no say.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
cgsub a
cg a/x
cg a/y
sys /cg/a/memory.oom.group 1
sys /cg/a/x/memory.max 16M
spawn p a/x
spawn r a/x
spawn q a/y
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
q: w Q 4M
r: w R 6M
p: w P 16M
reap p
reap r
reap q
ck end cg:a cg:a/x cg:a/y vmstat
