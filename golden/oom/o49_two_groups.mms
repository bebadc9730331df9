scenario o49_two_groups
# Two groups, each with its own limit.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
cg b
sys /cg/b/memory.max 16M
spawn p a
spawn q b
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 24M
q: w Q 20M
p: w P+24M 12M
reap p
reap q
ck end cg:a cg:b vmstat
