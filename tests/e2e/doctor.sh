# SPDX-License-Identifier: MIT
# bantam doctor: findings and exit codes, on recorded machines.
. "$(dirname "$0")/harness.sh"

trace() {
  printf '{"t_s": 0, "pressure": "%s", "total_bytes": 17179869184, %s}\n' \
    "$1" "$2"
}
trace green '"available_bytes": 9000000000, "swap_used_bytes": 0, "apps": []' \
  >"$dir/green"
trace yellow '"available_bytes": 3000000000, "swap_used_bytes": 4000000000,
 "apps": [{"name": "Docker Desktop", "bytes": 4294967296}]' | tr -d '\n' \
  >"$dir/yellow"
trace red '"available_bytes": 300000000, "swap_used_bytes": 0, "apps": []' \
  >"$dir/red"
trace green '"available_bytes": 1500000, "swap_used_bytes": 0, "apps": []' \
  >"$dir/full"

run 0 doctor smollm2 --probe-seconds 0.1 --memory-source "replay:$dir/green" \
  --json
silent err
check 'out["would_start"] and all(
  f["status"] in ("green", "yellow") for f in out["findings"])'
check '{"platform", "ram", "gpu", "memory", "swap", "apps", "model", "licence",
        "template", "pins", "mlx", "disk", "plan", "bandwidth"}
       <= {f["id"] for f in out["findings"]}'
check 'out["bandwidth_bytes_per_second"] > 1e8
       and abs(out["tokens_per_second"] * 96.56e6
               / out["bandwidth_bytes_per_second"] - 1) < 0.01'
check '[f["status"] for f in out["findings"] if f["id"] in
        ("memory", "swap", "apps", "pins", "mlx", "model", "licence", "template",
         "plan")]
       == ["green"] * 9'

run 0 doctor --probe-seconds 0 --memory-source "replay:$dir/green"
says out '^green +memory +8\.38 GiB available'
says out 'A run would start'

run 4 doctor --probe-seconds 0 --memory-source "replay:$dir/yellow" --json
check 'not out["would_start"]'
check '[f["status"] for f in out["findings"] if f["id"] in
        ("memory", "swap", "apps")] == ["yellow"] * 3
       and all(f["advice"] for f in out["findings"]
               if f["id"] in ("memory", "swap", "apps"))'
run 4 doctor --probe-seconds 0 --memory-source "replay:$dir/green" \
  --version-pin '>=99'
says out '^red +pins +.*this is bantam'
run 4 doctor --probe-seconds 0 --memory-source "replay:$dir/red"
says out '^red +memory'
says out 'refused: mend what is red'
run 4 doctor --probe-seconds 0 --memory-source "replay:$dir/full" --json
check '[f["status"] for f in out["findings"] if f["id"] == "plan"] == ["red"]'
# The same verdict as run's.
run 4 run hello --memory-source "replay:$dir/full"

run 4 doctor "$dir/nowhere.gguf" --probe-seconds 0 \
  --memory-source "replay:$dir/green" --json
check '[f["status"] for f in out["findings"] if f["id"] == "model"] == ["red"]'
head -c 3000 "$tiny" >"$dir/cut.gguf"
run 4 doctor "$dir/cut.gguf" --probe-seconds 0 \
  --memory-source "replay:$dir/green"
says out '^red +model .*cut'
run 0 doctor "$folder" --probe-seconds 0 --memory-source "replay:$dir/green"
says out '^yellow +licence'
refuses 2,3 'nowhere' doctor --memory-source "replay:$dir/nowhere"

finish
