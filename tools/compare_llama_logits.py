#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the golden logits of GGUF fixtures with llama.cpp's: are the files
that tools/ writes the ones its converter means?

  compare_llama_logits.py LIBRARIES PACKAGE [--rounded] [FIXTURE ...]

LIBRARIES is a folder with libllama.so, as `make bench` builds it; PACKAGE the
folder llama_cpp of the source archive of llama-cpp-python of the same version,
whose ctypes declarations are used. llama.cpp rounds activations to the type of
the weights: the largest difference over the largest logit is of order 1e-4 in
float32, 1e-3 to 1e-2 in 16 bits, some 1e-2 below. --rounded compares with
float16 roundings put into the reference (rounded_reference.py), for float16
fixtures of mlx-lm's: what is left then is not rounding. Needs numpy.
"""

import ctypes
import json
import os
import pathlib
import sys
import types

import numpy as np

MODELS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "models"
LARGEST_DIFFERENCE = 0.06
LARGEST_ROUNDED_ALIKE = 0.003


def load_bindings(libraries, package):
    os.environ["LLAMA_CPP_LIB_PATH"] = str(libraries)
    # The package's own __init__ wants more dependencies than its bindings do.
    module = types.ModuleType("llama_cpp")
    module.__path__ = [str(package)]
    sys.modules["llama_cpp"] = module
    import llama_cpp.llama_cpp as llama
    llama.llama_backend_init()
    return llama


def logits(llama, path, ids):
    """[tokens, vocabulary]"""
    model_params = llama.llama_model_default_params()
    model_params.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(str(path).encode(), model_params)
    params = llama.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.n_threads = params.n_threads_batch = 1
    params.flash_attn_type = 0
    context = llama.llama_init_from_model(model, params)
    batch = llama.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i] = token, i
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        batch.logits[i] = 1
    if llama.llama_decode(context, batch) != 0:
        raise SystemExit(f"{path}: llama_decode failed")
    size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    return np.array([
        np.ctypeslib.as_array(
            llama.llama_get_logits_ith(context, i), (size,)).copy()
        for i in range(len(ids))])


def main():
    libraries, package = sys.argv[1:3]
    llama = load_bindings(libraries, package)
    log = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(log, ctypes.c_void_p(0))
    rounded = "--rounded" in sys.argv
    names = [n for n in sys.argv[3:] if n != "--rounded"] or sorted(
        p.parent.name for p in MODELS.glob("*/model.gguf"))
    failed = False
    for name in names:
        golden = json.loads((MODELS / name / "golden.json").read_text())
        case = golden["cases"][0]
        want = np.load(MODELS / name / case["logits"])
        got = logits(llama, MODELS / name / golden["model"], case["ids"])
        worst = np.abs(got - want).max() / np.abs(want).max()
        same = (got.argmax(-1) == want.argmax(-1)).mean()
        line = f"{name}: difference {worst:.1e}, same top token {same:.0%}"
        failed |= not worst < LARGEST_DIFFERENCE
        if rounded:
            import rounded_reference
            want = rounded_reference.rounded_logits(name, case["ids"])
            left = np.abs(got - want).max() / np.abs(want).max()
            line += f", rounded alike {left:.1e}"
            failed |= not left < LARGEST_ROUNDED_ALIKE
        print(line)
    sys.exit(failed)


if __name__ == "__main__":
    main()
