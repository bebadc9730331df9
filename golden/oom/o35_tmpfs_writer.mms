scenario o35_tmpfs_writer
# The write to tmpfs itself meets the limit.
sys /sys/kernel/mm/transparent_hugepage/enabled never
cg a
sys /cg/a/memory.max 32M
spawn p a
spawn q a
q: mmap Q 0 64M rw priv,anon
q: w Q 2M
p: open F /tmp/big rdwr,creat,trunc 0644
p: pwrite F 0 40M
reap p
reap q
ck end cg:a vmstat
