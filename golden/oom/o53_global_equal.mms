scenario o53_global_equal
# Two of equal size, a third one asks.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
spawn p
spawn q
spawn r
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 2G rw priv,anon,noreserve
r: mmap R 0x4000000000 2G rw priv,anon,noreserve
q: w Q 450M
p: w P 450M
ck s1 p.oom_score q.oom_score r.oom_score
r: w R 440M
wait 2000
reap p
reap q
reap r
ck end vmstat
