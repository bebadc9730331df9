scenario o55_global_adj_small
# A small one at 800.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
spawn p
spawn q
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 2G rw priv,anon,noreserve
q: w Q 200M
oomadj q 800
ck s1 p.oom_score q.oom_score
p: w P 1200M
wait 2000
reap p
reap q
ck end vmstat
