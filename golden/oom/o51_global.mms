scenario o51_global
# The machine's memory, one task of nearly all of it.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
spawn p
spawn q
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 64M rw priv,anon
q: w Q 32M
ck s0 p.oom_score q.oom_score
p: w P 2G
wait 2000
reap p
reap q
ck end vmstat
