scenario o54_global_adj_never
# The big one must not be killed.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
spawn p
spawn q
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 2G rw priv,anon,noreserve
oomadj p -1000
p: w P 900M
q: w Q 500M
wait 2000
reap p
reap q
ck end vmstat
