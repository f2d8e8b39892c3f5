# SPDX-License-Identifier: MIT
# Models that are missing, damaged or unsupported: exit code 3, one line that
# names the file (and tensor or place), nothing on stdout, no long wait.
. "$(dirname "$0")/harness.sh"

# damage FILE COPY CODE...: COPY is FILE changed by Python statements over
# `b`, a bytearray.
damage() {
  python3 - "$1" "$2" "$3" <<'PYTHON'
import struct
import sys
b = bytearray(open(sys.argv[1], "rb").read())


def tensor_type(name, value):
    """Overwrites the type of a tensor in a GGUF's table."""
    global b
    at = b.index(name.encode()) + len(name)
    dims = struct.unpack_from("<I", b, at)[0]
    struct.pack_into("<I", b, at + 4 + 8 * dims, value)


def data_of(name):
    """Where a tensor's data begin in a GGUF file."""
    tensors, keys = struct.unpack_from("<QQ", b, 8)
    at = 24

    def take(form):
        nonlocal at
        value = struct.unpack_from("<" + form, b, at)[0]
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        size = take("Q")
        at += size
        return bytes(b[at - size:at]).decode("latin-1")

    def skip(kind):
        if kind == 8:
            text()
        elif kind == 9:
            inner, count = take("I"), take("Q")
            for _ in range(count):
                skip(inner)
        else:
            take("BbHhIif?  Qqd"[kind])

    for _ in range(keys):
        text()
        skip(take("I"))
    offsets = {}
    for _ in range(tensors):
        key = text()
        dims = take("I")
        at += 8 * dims
        take("I")
        offsets[key] = take("Q")
    return (at + 31) // 32 * 32 + offsets[name]


exec(sys.argv[3])
open(sys.argv[2], "wb").write(b)
PYTHON
}

# rejects NAME REGEX MODEL: by every command that opens a model.
rejects() {
  name=$1
  regex=$2
  model=$3
  started=$(date +%s)
  refuses 3 "$regex" run "$model" hi --max-tokens 2
  says err "$name"
  refuses 3 "$regex" run "$model" hi --max-tokens 2 --json
  refuses 3 "$regex" debug logits "$model" --ids 5,6 --out "$dir/bad.npy"
  [ ! -e "$dir/bad.npy" ] || complain "left bad.npy behind"
  # 1 s each is promised; sanitizers and a busy machine get some grace.
  [ $(($(date +%s) - started)) -le 12 ] || complain "took too long"
}

rejects nowhere 'nowhere' "$dir/nowhere.gguf"
rejects nowhere 'nowhere' "$dir/nowhere/"
rejects nobody/nothing 'nobody/nothing' nobody/nothing

mkdir "$dir/empty_folder"
rejects empty_folder 'config.json' "$dir/empty_folder"
: >"$dir/empty.gguf"
rejects empty.gguf '' "$dir/empty.gguf"
echo 'this is not a model' >"$dir/text.gguf"
rejects text.gguf 'GGUF|magic' "$dir/text.gguf"

# GGUF: cut at several places.
size=$(wc -c <"$tiny" | tr -d ' ')
head -c 3 "$tiny" >"$dir/cut_3.gguf"
rejects cut_3.gguf '' "$dir/cut_3.gguf"
for bytes in 20 200 5000 $((size / 2)) $((size - 1)); do
  head -c "$bytes" "$tiny" >"$dir/cut_$bytes.gguf"
  rejects "cut_$bytes.gguf" 'byte|offset|size|end|short|truncat' \
    "$dir/cut_$bytes.gguf"
done

damage "$tiny" "$dir/version.gguf" 'struct.pack_into("<I", b, 4, 77)'
rejects version.gguf '77' "$dir/version.gguf"
damage "$tiny" "$dir/count.gguf" 'struct.pack_into("<Q", b, 8, 2**63 + 5)'
rejects count.gguf '' "$dir/count.gguf"
damage "$tiny" "$dir/keys.gguf" 'struct.pack_into("<Q", b, 16, 2**40)'
rejects keys.gguf '' "$dir/keys.gguf"
# I8 is smaller than the file allows: a known type that is not computed with.
damage "$tiny" "$dir/i8.gguf" 'tensor_type("output_norm.weight", 24)'
rejects i8.gguf 'output_norm\.weight.*I8|I8.*output_norm' "$dir/i8.gguf"
damage "$tiny" "$dir/type.gguf" 'tensor_type("blk.1.ffn_up.weight", 9999)'
rejects type.gguf 'blk\.1\.ffn_up\.weight.*9999|9999.*blk\.1\.ffn_up' \
  "$dir/type.gguf"
damage "$tiny" "$dir/family.gguf" \
  'at = b.index(b"general.architecture") + 32; b[at:at + 5] = b"zebra"'
rejects family.gguf 'zebra' "$dir/family.gguf"
# A scale that is infinite: no garbage, but the tensor's name.
damage "$tiny" "$dir/infinite.gguf" '
at = data_of("blk.1.ffn_down.weight")
struct.pack_into("<H", b, at + 18 * 5, 0x7C00)'
run 3 run "$dir/infinite.gguf" hi --ignore-chat-template --max-tokens 4
silent out
says err 'not a number.*blk\.1\.ffn_down\.weight.*row [0-9]+, column [0-9]+'
damage "$tiny" "$dir/renamed.gguf" \
  'at = b.index(b"blk.1.ffn_down.weight"); b[at:at + 3] = b"xyz"'
rejects renamed.gguf 'blk\.1\.ffn_down' "$dir/renamed.gguf"
damage "$tiny" "$dir/heads.gguf" '
key = b"llama.attention.head_count_kv"
struct.pack_into("<I", b, b.index(key) + len(key) + 4, 3)'
rejects heads.gguf '' "$dir/heads.gguf"
damage "$tiny" "$dir/layers.gguf" '
key = b"llama.block_count"
struct.pack_into("<I", b, b.index(key) + len(key) + 4, 4000000000)'
rejects layers.gguf '' "$dir/layers.gguf"
damage "$tiny" "$dir/offset.gguf" '
name = b"output_norm.weight"
at = b.index(name) + len(name) + 4 + 8 + 4
struct.pack_into("<Q", b, at, 2**62)'
rejects offset.gguf 'output_norm' "$dir/offset.gguf"

# Folders: a copy with one part spoiled.
spoil() {
  rm -rf "${dir:?}/$1"
  cp -R "$folder" "$dir/$1"
}

spoil bad_json
printf '{"model_type": "llama",' >"$dir/bad_json/config.json"
rejects bad_json 'config.json' "$dir/bad_json"
spoil bad_value
sed 's/"hidden_size": *64/"hidden_size": "wide"/' "$folder/config.json" \
  >"$dir/bad_value/config.json"
rejects bad_value 'hidden_size' "$dir/bad_value"
spoil bad_family
sed 's/"model_type": *"llama"/"model_type": "zebra"/' "$folder/config.json" \
  >"$dir/bad_family/config.json"
rejects bad_family 'zebra' "$dir/bad_family"
spoil bad_bits
sed 's/"bits": *3/"bits": 7/' "$folder/config.json" \
  >"$dir/bad_bits/config.json"
rejects bad_bits 'bits' "$dir/bad_bits"
spoil bad_shape
sed 's/"vocab_size": *272/"vocab_size": 300/' "$folder/config.json" \
  >"$dir/bad_shape/config.json"
rejects bad_shape '300' "$dir/bad_shape"
spoil no_weights
rm "$dir/no_weights/model.safetensors"
rejects no_weights 'safetensors' "$dir/no_weights"
spoil no_tokenizer
rm "$dir/no_tokenizer/tokenizer.json"
refuses 3 'tokenizer' run "$dir/no_tokenizer" hi
spoil bad_tokenizer
printf '{"model": {"type": "BPE"' >"$dir/bad_tokenizer/tokenizer.json"
refuses 3 'tokenizer.json' run "$dir/bad_tokenizer" hi
spoil half_weights
head -c 9000 "$folder/model.safetensors" \
  >"$dir/half_weights/model.safetensors"
rejects half_weights 'safetensors' "$dir/half_weights"
spoil huge_header
damage "$folder/model.safetensors" "$dir/huge_header/model.safetensors" \
  'struct.pack_into("<Q", b, 0, 2**63)'
rejects huge_header 'safetensors' "$dir/huge_header"
spoil bad_range
damage "$folder/model.safetensors" "$dir/bad_range/model.safetensors" \
  'b = b.replace(b"\"data_offsets\":[0,", b"\"data_offsets\":[9,", 1)'
rejects bad_range 'safetensors' "$dir/bad_range"

# A shard that the index names is not there.
cp -R "$models/llama_bf16/model" "$dir/sharded"
rm "$dir/sharded/model-00002-of-00002.safetensors"
rejects sharded 'model-00002-of-00002' "$dir/sharded"

finish
