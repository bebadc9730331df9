scenario o56_global_kill_allocating
# oom_kill_allocating_task: whoever asks.
sys /sys/kernel/mm/transparent_hugepage/enabled never
drop
sys /proc/sys/vm/oom_kill_allocating_task 1
spawn p
spawn q
p: mmap P 0x4000000000 2G rw priv,anon,noreserve
q: mmap Q 0x4000000000 2G rw priv,anon,noreserve
p: w P 900M
q: w Q 600M
wait 2000
reap p
reap q
ck end vmstat
sys /proc/sys/vm/oom_kill_allocating_task 0
