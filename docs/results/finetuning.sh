#!/usr/bin/env bash
# Everything that finetuning.md measures, and what it says is still to be measured, in one go:
#   docs/results/finetuning.sh RUN OTHELLO DATA OUT
# RUN: a self-play run of 9x9 Go. OTHELLO: one of Othello. DATA: the folder with the games. OUT: an empty
# folder. Hours on two cores (it has not been run as a whole); every part can be run alone.
set -euo pipefail
run=$1 othello=$2 data=$3 out=$4
mkdir -p "$out"
go9=$data/go9_expert.zip go19=$data/go19_top_programs.zip
tune() { name=$1; shift; miai finetune --out "$out/$name.safetensors" --report "$out/$name.html" "$@" | tee "$out/$name.log"; }

# 9x9 Go: all weights, adapters with 4 % of them, heads; the same with fifty games
for kind in "full" "lora --rank 1" "heads"; do
  tune "go9-${kind%% *}" --network "$run" --games "$go9" --mix "$run" --parameters $kind --match 400 --own-openings
done
for kind in "full" "lora --rank 1"; do
  tune "go9-50-${kind%% *}" --network "$run" --games "$go9" --mix "$run" --most-games 50 --epochs 12 \
    --parameters $kind --match 400
done
miai arena --size 9 "$out/go9-50-lora.safetensors@100" "$out/go9-50-full.safetensors@100" --games 400 --seed 1

# Othello
tune othello --network "$othello" --games "$data/othello8_online_games.csv.gz" --mix "$othello" --epochs 4 --match 400

# 19x19 Go: from 9x9 and from nothing, equal rows and equal time
python - "$out/nothing.safetensors" <<'END'
import sys
from pathlib import Path
from agents.network.checkpoint import save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import make

spec = make("go", 19)
save_network(Path(sys.argv[1]), PolicyValueNet.initial(NetworkConfig.named("b4c32", spec), 1), {})
END
for rows in 1000 10000 100000 1000000; do
  for start in "$run" "$out/nothing.safetensors"; do
    tune "go19-$rows-$(basename "$start" .safetensors)" --network "$start" --games "$go19" --most-rows $rows \
      --kl 0 --lr 0.006 --epochs 1000 --patience 1000 --minutes 5 --holdout-rows 6000
  done
done
