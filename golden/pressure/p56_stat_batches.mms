scenario p56_stat_batches
# How far memory.stat lags when nobody flushes.
sys /sys/kernel/mm/transparent_hugepage/enabled never
sys /sys/kernel/mm/lru_gen/enabled 0
cgflush 1
cgflush 0
cg a
spawn p a
mmap A 0x4000000000 8M rw priv,anon
w A 20K
ck s1 cg:a
w A+20K 200K
ck s2 cg:a
w A+220K 1M
ck s3 cg:a
madvise A 2M dontneed
ck s4 cg:a
exit 0
reap p
ck end cg:a vmstat
cgrm a
