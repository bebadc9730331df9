scenario o32_shared_anon
# Shared memory cannot go without swap.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw shared,anon
p: w P 20M
q: mmap Q 0 64M rw priv,anon
q: w Q 16M
reap p
reap q
ck end cg:a vmstat
