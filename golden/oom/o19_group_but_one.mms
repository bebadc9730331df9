scenario o19_group_but_one
# The whole group dies, but for the one at -1000.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
sys /cg/a/memory.oom.group 1
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
oomadj r -1000
r: w R 2M
p: w P 16M
q: w Q 20M
reap p
reap q
reap r
ck end cg:a vmstat
