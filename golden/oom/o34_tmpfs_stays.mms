scenario o34_tmpfs_stays
# A file in tmpfs stays when its writer is dead.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
p: open F /tmp/big rdwr,creat,trunc 0644
p: pwrite F 0 24M
ck s1 cg:a p.oom_score
q: mmap Q 0 64M rw priv,anon
q: w Q 6M
ck s2 cg:a
q: w Q+6M 6M
reap p
reap q
ck s3 cg:a
spawn r a
r: mmap R 0 64M rw priv,anon
r: w R 12M
reap r
ck end cg:a vmstat
