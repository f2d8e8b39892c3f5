# SPDX-License-Identifier: MIT
# Sourced after harness.sh by the tests that need a real memory limit: root and
# a memory controller (cgroup v1 or v2). What cannot be had skips the test, and
# says so.

skip() {
  echo "SKIPPED: $1"
  [ "$failures" -gt 0 ] && finish
  exit 77
}

[ "$(uname)" = Linux ] || skip "no cgroups on this system"
[ "$(id -u)" = 0 ] || skip "real memory limits need root"

# One group in each hierarchy there is: limits may live in one and memory
# pressure in the other.
base=/sys/fs/cgroup
name=bantam_test_$$
if [ -f $base/memory/memory.limit_in_bytes ]; then
  groups="$base/memory/$name"
  limit_file=memory.limit_in_bytes
  [ -d $base/unified ] && groups="$groups $base/unified/$name"
elif grep -qw memory $base/cgroup.controllers 2>/dev/null &&
  echo +memory >$base/cgroup.subtree_control 2>/dev/null; then
  groups=$base/$name
  limit_file=memory.max
else
  skip "no memory controller is to be had here"
fi
group=${groups%% *}

# Ends what still runs in the groups; on_clean_up is called then.
on_clean_up() { :; }
clean_up() {
  # shellcheck disable=SC2046
  kill $(cat "$group/cgroup.procs" 2>/dev/null) 2>/dev/null
  sleep 0.3
  on_clean_up
  for folder in $groups; do rmdir "$folder" 2>/dev/null; done
}
trap clean_up EXIT
for folder in $groups; do
  mkdir "$folder" 2>/dev/null || skip "$folder cannot be made"
done

# limit BYTES
limit() { echo "$1" >"$group/$limit_file"; }

# grouped COMMAND...: in the groups.
cat >"$dir/grouped" <<END
#!/bin/sh
for folder in $groups; do echo \$\$ >\$folder/cgroup.procs || exit 99; done
exec "\$@"
END
chmod +x "$dir/grouped"

# eat.py SECONDS PAUSE: takes a mebibyte, pauses, and so on; is the first that
# the kernel would end.
cat >"$dir/eat.py" <<'END'
import sys, time
open("/proc/self/oom_score_adj", "w").write("1000")
held = []
end = time.time() + float(sys.argv[1])
while time.time() < end:
    held.append(bytearray(b"x") * (1 << 20))
    time.sleep(float(sys.argv[2]))
END

# A file that is not in the page cache yet, so that its pages count here.
model=$dir/model.gguf
cp "$BANTAM_SMOLLM2" "$model"
