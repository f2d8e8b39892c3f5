# SPDX-License-Identifier: MIT
"""What llama.cpp's CPU kernels do to a model in float16, done to mlx-lm's float32
model: activations are rounded to float16 before every product with a float16
matrix, queries before they meet cached keys, and the shares of softmax before
they meet cached values. Where llama.cpp differs from the golden logits and
agrees with these, the difference is its rounding and nothing else.

    logits = rounded_logits("qwen3_next_gguf", ids)

Needs what make_mlx_golden.py needs.
"""

import contextlib
import pathlib
import sys
import tempfile

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.models import switch_layers

import make_mlx_golden
import mlx_recipes

# Products with matrices that the converter keeps in float32.
EXACT = ("mlp.gate", "shared_expert_gate", "mlp.router")


def to_half(x):
    return x.astype(mx.float16).astype(mx.float32)


def rounded_attention(queries, keys, values, cache, scale, mask, sinks=None):
    """mlx-lm's, step by step. The mask is one of booleans."""
    heads, kv_heads = queries.shape[1], keys.shape[1]
    keys, values = (mx.repeat(x, heads // kv_heads, axis=1)
                    for x in (keys, values))
    scores = to_half(queries) @ keys.swapaxes(2, 3) * scale
    scores = mx.where(mask, scores, -mx.inf)
    if sinks is not None:
        column = mx.broadcast_to(sinks[None, :, None, None],
                                 (*scores.shape[:3], 1))
        scores = mx.concatenate([scores, column], axis=3)
    shares = mx.softmax(scores, axis=-1)
    if sinks is not None:
        shares = shares[..., :-1]
    return to_half(shares) @ values


@contextlib.contextmanager
def replaced(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def rounding(model):
    """Context in which `model` computes as llama.cpp would."""
    exact = {id(module) for name, module in model.named_modules()
             if name.endswith(EXACT)}
    stack = contextlib.ExitStack()

    def round_input(owner):
        plain = owner.__call__

        def call(self, x, *rest, **named):
            return plain(self, x if id(self) in exact else to_half(x), *rest,
                         **named)
        stack.enter_context(replaced(owner, "__call__", call))
    round_input(nn.Linear)
    round_input(switch_layers.SwitchLinear)
    plain_head = nn.Embedding.as_linear
    stack.enter_context(replaced(
        nn.Embedding, "as_linear",
        lambda self, x: plain_head(self, to_half(x))))
    for module in list(sys.modules.values()):
        if (getattr(module, "__name__", "").startswith("mlx_lm.models.")
                and hasattr(module, "scaled_dot_product_attention")):
            stack.enter_context(replaced(
                module, "scaled_dot_product_attention", rounded_attention))
    return stack


def reference(name):
    """The float32 model of a fixture, as make_mlx_golden.py made it."""
    recipe = mlx_recipes.FIXTURES[name]
    seed = 300 + list(mlx_recipes.FIXTURES).index(name)
    weights = make_mlx_golden.rounded(
        make_mlx_golden.new_weights(recipe["config"], seed,
                                    recipe.get("gains", {})), recipe["kind"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        make_mlx_golden.write_folder(folder, recipe["config"], weights,
                                     recipe["kind"])
        return make_mlx_golden.load_float32(folder)


def rounded_logits(name, ids):
    model = reference(name)
    with rounding(model):
        return make_mlx_golden.feed(
            model, make_mlx_golden.make_cache(model, 1024), ids)
