# SPDX-License-Identifier: MIT
# A NaN or an infinity in the scales of any one tensor ends the run with exit
# code 3 and the tensor's name, without a word of garbage.
. "$(dirname "$0")/harness.sh"

# poison MODEL COPY NUMBER HEX: COPY is a GGUF or safetensors file whose scale
# or value number NUMBER, counted over the tensors that matter, is HEX; prints
# the tensor's name, or nothing if there are no more tensors.
poison() {
  python3 - "$@" <<'PYTHON'
import json
import random
import struct
import sys

source, copy, number, half = sys.argv[1:]
b = bytearray(open(source, "rb").read())
half = bytes.fromhex(half)


def gguf_tensors():
    """(name, offset of its data, bytes of a block, floats or not)"""
    at = b.index(b"token_embd.weight") - 8
    infos = []
    for _ in range(struct.unpack_from("<Q", b, 8)[0]):
        size, = struct.unpack_from("<Q", b, at)
        name = b[at + 8:at + 8 + size].decode()
        at += 8 + size
        dims, = struct.unpack_from("<I", b, at)
        extents = struct.unpack_from(f"<{dims}Q", b, at + 4)
        at += 4 + 8 * dims
        kind, offset = struct.unpack_from("<IQ", b, at)
        at += 12
        infos.append((name, extents, kind, offset))
    data = (at + 31) // 32 * 32
    for name, extents, kind, offset in infos:
        count = 1
        for extent in extents:
            count *= extent
        step, values = {0: (4, 1), 2: (18, 32)}[kind]
        yield name, data + offset, step, count // values, kind == 0


def folder_tensors():
    size, = struct.unpack_from("<Q", b)
    for name, entry in json.loads(b[8:8 + size]).items():
        if entry.get("dtype") in ("BF16", "F16"):
            begin, end = entry["data_offsets"]
            yield name, 8 + size + begin, 2, (end - begin) // 2, False


tensors = gguf_tensors() if b[:4] == b"GGUF" else folder_tensors()
# An embedding matters only if its token comes up.
tensors = [t for t in tensors if "embd" not in t[0] and "embed" not in t[0]]
if int(number) < len(tensors):
    name, at, step, count, is_float = sorted(tensors)[int(number)]
    at += step * random.Random(int(number)).randrange(count)
    if is_float:  # float32 with the same upper half as the bfloat16
        b[at:at + 4] = b"\0\0" + {"7c": b"\x80\x7f", "7e": b"\xc0\x7f"}[
            half[1:].hex()]
    else:
        b[at:at + 2] = half
    open(copy, "wb").write(b)
    print(name)
PYTHON
}

# ends MODEL FILE SOURCE HEX...: runs MODEL, whose weights FILE is made from
# SOURCE, once for each tensor and damage.
ends() {
  model=$1
  file=$2
  source=$3
  shift 3
  for hex in "$@"; do
    number=0
    while name=$(poison "$source" "$file" $number "$hex") && [ -n "$name" ]; do
      refuses 3 "not a number.*$name\" at byte [0-9]+" \
        run "$model" hi --max-tokens 3 --temp 0
      number=$((number + 1))
    done
    [ $number -gt 15 ] || complain "only $number tensors were damaged"
  done
}

# float16: infinity and NaN, lower byte first.
ends "$dir/bad.gguf" "$dir/bad.gguf" "$tiny" 007c 007e

# bfloat16: NaN.
mkdir "$dir/model"
cp "$folder"/*.json "$dir/model/"
ends "$dir/model" "$dir/model/model.safetensors" \
  "$folder/model.safetensors" c0ff

finish
