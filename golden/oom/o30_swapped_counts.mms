scenario o30_swapped_counts
# What is in swap counts for a task as well.
sys /sys/kernel/mm/transparent_hugepage/enabled never
swapon /dev/vda
cg a
sys /cg/a/memory.max 32M
sys /cg/a/memory.swap.max 20M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: fill P 20M 2 1
p: madvise P 16M pageout
q: fill Q 18M 2 2
ck s1 cg:a p.oom_score q.oom_score p.status q.status
sys /cg/a/memory.swap.max 0
q: fill Q+18M 16M 2 3
reap p
reap q
ck end cg:a vmstat
swapoff /dev/vda
