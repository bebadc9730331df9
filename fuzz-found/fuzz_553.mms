scenario fuzz_553
# VmPTE
# kernel VmPTE 32 kB
# twin   VmPTE 36 kB
spawn p
open F2 /mnt/fuzzed rdwr,creat,trunc 0666
pwrite F2 0 43008 1p
fsync F2
mmap M 0x30000e000 18p - shared,fixed F2 1p
mprotect 0x300017000 3p w
r 0x300018000 2p 1p
ck end maps
