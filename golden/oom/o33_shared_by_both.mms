scenario o33_shared_by_both
# Shared memory of parent and child counts for each.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw shared,anon
p: w P 14M
p: fork c
c: r P 14M
ck s1 p.oom_score c.oom_score
q: mmap Q 0 64M rw priv,anon
q: w Q 12M
q: w Q+12M 10M
reap p
reap c
reap q
ck end cg:a vmstat
