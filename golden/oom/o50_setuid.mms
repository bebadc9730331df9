scenario o50_setuid
# Another user's task is no better and no worse.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
p: setuid 1000
p: w P 14M
q: w Q 13M
ck s1 p.oom_score q.oom_score
q: w Q+13M 8M
reap p
reap q
ck end cg:a vmstat
