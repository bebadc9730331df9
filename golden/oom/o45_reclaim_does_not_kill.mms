scenario o45_reclaim_does_not_kill
# memory.reclaim of what cannot go.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
p: mmap P 0 64M rw priv,anon
p: w P 20M
sys /cg/a/memory.reclaim 8M
ck s1 cg:a
reap p
kill p
ck end cg:a vmstat
