scenario o52_global_bigger_neighbour
# A big one, and a smaller one that asks.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
spawn p
spawn q
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 2G rw priv,anon,noreserve
p: w P 800M
ck s1 p.oom_score q.oom_score
q: w Q 750M
wait 2000
reap p
reap q
ck end vmstat
