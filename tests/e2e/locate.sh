# SPDX-License-Identifier: MIT
# How a model is found: by path, in the Hugging Face cache, by its name.
. "$(dirname "$0")/harness.sh"

# A cache as the hub's client lays it out.
revision=0123456789abcdef0123456789abcdef01234567
repository=$dir/hub/models--tests--Tiny-Llama
mkdir -p "$repository/snapshots" "$repository/refs"
cp -R "$folder" "$repository/snapshots/$revision"
printf '%s' "$revision" >"$repository/refs/main"
other=$dir/hub/models--tests--Tiny-GGUF
mkdir -p "$other/snapshots/$revision" "$other/refs" "$other/blobs"
cp "$tiny" "$other/blobs/abc"
ln -s ../../blobs/abc "$other/snapshots/$revision/tiny-q4_0.gguf"
printf '%s' "$revision" >"$other/refs/main"

run 0 run "$folder" hello --max-tokens 6 --temp 0
cp "$dir/out" "$dir/expected"
HF_HUB_CACHE=$dir/hub
export HF_HUB_CACHE
run 0 run tests/Tiny-Llama hello --max-tokens 6 --temp 0
same "$dir/out" "$dir/expected"
run 0 run "tests/Tiny-Llama@$revision" hello --max-tokens 6 --temp 0
same "$dir/out" "$dir/expected"
run 0 run tests/Tiny-GGUF:tiny-q4_0.gguf hello --max-tokens 6 --temp 0
run 0 run tests/Tiny-GGUF hello --max-tokens 6 --temp 0
refuses 3 'tests/Other' run tests/Other hello
says err "$dir/hub"
refuses 3 'nope.gguf' run tests/Tiny-GGUF:nope.gguf hello
unset HF_HUB_CACHE

mkdir -p "$dir/home"
mv "$dir/hub" "$dir/home/hub"
HF_HOME=$dir/home
export HF_HOME
run 0 run tests/Tiny-Llama hello --max-tokens 6 --temp 0
same "$dir/out" "$dir/expected"
unset HF_HOME

# The built-in name; one argument alone is the prompt for it.
run 0 run smollm2 'What is 2 + 2?' --max-tokens 8 --temp 0
cp "$dir/out" "$dir/expected"
run 0 run 'What is 2 + 2?' --max-tokens 8 --temp 0
same "$dir/out" "$dir/expected"
run 0 run smollm2 'What is the capital of France?' --max-tokens 32 --temp 0
says out 'Paris'

finish
