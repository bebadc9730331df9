scenario o40_fork_copies
# A family that copies what it shared.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
p: mmap P 0 64M rw priv,anon
p: w P 8M
p: fork c
p: fork d
p: fork e
c: w P 8M
d: w P 8M
ck s1 cg:a p.oom_score c.oom_score d.oom_score e.oom_score
e: w P 8M
e: w P 8M
reap p
reap c
reap d
reap e
ck end cg:a vmstat
