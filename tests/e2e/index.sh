# SPDX-License-Identifier: MIT
# bantam index: documents in, found again with their places, and nothing lost
# when the process is killed.
. "$(dirname "$0")/harness.sh"
export BANTAM_MINILM="$here/../../build/models/minilm"
export XDG_DATA_HOME="$dir/data"
index=$dir/i.db
docs=$dir/docs
mkdir -p "$docs/sub"
printf '# Backups\n\nEvery night a timer copies the mail to the vault.\n\n# Fruit\n\nApples and pears grow in the garden.\n' \
  >"$docs/notes.md"
printf '<html><title>Trains</title><body><p>The locomotive waits at the station.</p></body></html>' \
  >"$docs/sub/trains.html"
printf 'caf\351 au lait\n' >"$docs/latin1.txt"
head -c 3000 /dev/zero >"$docs/zeros"
printf 'PK\003\004 not opened' >"$docs/bomb.zip"
ln -s .. "$docs/sub/loop"

run 0 index add "$docs" --index "$index" --json
check 'out["added"] == 3 and out["chunks"] == 3'
check 'sorted(s["reason"] for s in out["skipped"]) == ["archive", "binary"]'
run 0 index add "$docs" --index "$index" --json
check 'out["added"] == 0 and out["unchanged"] == 3 and out["chunks"] == 0'
run 0 index list --index "$index" --json
check '[d["kind"] for d in out["documents"]] == ["text", "markdown", "html"]'
check 'out["documents"][0]["encoding"] == "windows-1252"'

# By meaning alone: no word of the question stands there.
run 0 index search "railway engine" --index "$index" --json
check 'out["hits"][0]["path"].endswith("trains.html")'
check 'out["hits"][0]["word_rank"] is None'
run 0 index search "timer" --index "$index" --json --by words
check 'len(out["hits"]) == 1 and out["hits"][0]["lines"] == [1, 7]'
run 0 index search "timer" --index "$index"
says out 'notes\.md:1-7'

# What changed, and what is gone.
printf 'The ship sails at dawn.\n' >"$docs/latin1.txt"
rm "$docs/sub/trains.html"
run 0 index add "$docs" --index "$index" --json
check 'out["updated"] == 1 and out["removed"] == 1'
run 0 index remove "$docs" --index "$index"
says out '2 removed'
refuses 3 'no such document' index remove "$docs" --index "$index"
run 0 index search "timer" --index "$index"
silent out

# Refusals.
refuses 3 'no such file' index add "$dir/none" --index "$index"
printf 'this is no database, whatever its name says' >"$dir/text.db"
refuses 3 'not an index' index list --index "$dir/text.db"
refuses 3 'cannot be opened' index list --index "$dir/none.db"
refuses 4 'not started.*budget' index add "$docs" --index "$index" --budget 50MiB
refuses 3 'embedding model' index add "$docs" --index "$index" \
  --embedding-model "$dir/none"
refuses 2 'by' index search x --by magic --index "$index"
refuses 2 'unknown argument' index frobnicate

# A PDF without and with pdftotext.
printf '%%PDF-1.4 ...' >"$docs/a.pdf"
mkdir "$dir/bin"
(PATH=$dir/bin; run 0 index add "$docs/a.pdf" --index "$index"; exit $failures)
failures=$((failures + $?))
says err 'pdftotext: apt-get install poppler-utils'
cat >"$dir/bin/pdftotext" <<'END'
#!/bin/sh
printf 'first page\fthe lighthouse keeper\f'
END
chmod +x "$dir/bin/pdftotext"
(PATH=$dir/bin:$PATH; run 0 index add "$docs/a.pdf" --index "$index"; exit $failures)
failures=$((failures + $?))
run 0 index search lighthouse --by words --index "$index"
says out 'a\.pdf: p\. 1-2'

run 0 index remove "$docs/a.pdf" --index "$index"
rm "$docs/a.pdf"

# Two at once, and killed at moments of no choice: sound, nothing double.
i=0
while [ $i -lt 60 ]; do
  printf 'Report number %s. The weather on day %s was fair.\n' $i $i \
    >"$docs/report$i.txt"
  i=$((i + 1))
done
for wait in 0.3 0.6 0.9; do
  "$bantam" index add "$docs" --index "$index" --threads 1 >/dev/null 2>&1 &
  first=$!
  "$bantam" index add "$docs" --index "$index" --threads 1 >/dev/null 2>&1 &
  second=$!
  sleep $wait
  kill -9 $first
  wait $first 2>/dev/null
  [ $wait = 0.9 ] || kill -9 $second
  wait $second 2>/dev/null
  run 0 index check --index "$index"
done
run 0 index add "$docs" --index "$index" --json
check 'out["added"] + out["unchanged"] == 62'
run 0 index list --index "$index" --json
check 'len(out["documents"]) == 62 == len({d["path"] for d in out["documents"]})'
finish
