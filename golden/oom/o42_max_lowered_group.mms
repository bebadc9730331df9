scenario o42_max_lowered_group
# The limit of a group that dies together is lowered.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
sys /cg/a/memory.oom.group 1
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: w P 8M
q: w Q 16M
sys /cg/a/memory.max 20M
reap p
reap q
ck end cg:a vmstat
