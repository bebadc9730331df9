scenario o04_equal
# Two of equal size, a third one asks: by order of the group's tasks.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
spawn r a
p: mmap P 0 64M rw priv,anon
q: mmap Q 0 64M rw priv,anon
r: mmap R 0 64M rw priv,anon
p: w P 12M
q: w Q 12M
ck s1 p.oom_score q.oom_score r.oom_score
r: w R 10M
reap p
reap q
reap r
ck end cg:a vmstat
