# SPDX-License-Identifier: MIT
"""What make_mlx_golden.py makes: configurations, forms, and how each kind of
parameter is drawn. Two shapes at least for each family, one with odd ratios of
heads, one with a width of its own for some paths."""

import math

import numpy as np

import tiny_tokenizer

VOCABULARY = dict(vocab_size=tiny_tokenizer.VOCABULARY_SIZE,
                  bos_token_id=tiny_tokenizer.BOS,
                  eos_token_id=tiny_tokenizer.EOS,
                  max_position_embeddings=512)


def affine(bits, group, **paths):
    return dict(group_size=group, bits=bits, **paths)


def random_parameter(name, shape, rng, gains):
    """Drawn so that logits are of order 1 to 10, attention is far from uniform
    and no layer is negligible."""
    part = name.rpartition(".")[0].rpartition(".")[2]
    if name.endswith("A_log"):
        return np.log(rng.uniform(0.02, 1.5, shape))
    if name.endswith("dt_bias"):
        return rng.normal(0, 1, shape)
    if name.endswith("sinks"):
        return rng.normal(0, 1.5, shape)
    if "norm" in part:
        # Both signs: a tied head would only repeat the last token otherwise.
        sign = 1 if part in ("q_norm", "k_norm") else np.where(
            rng.random(shape) < 0.5, -1.0, 1.0)
        return (rng.uniform(0.5, 1.5, shape) * sign
                - gains.get("norm_offset", 0))
    if len(shape) == 1:
        return 0.5 * rng.normal(size=shape)
    if part == "conv1d":
        return rng.normal(size=shape) / math.sqrt(shape[1])
    gain = 2.0 if part in ("embed_tokens", "lm_head") else gains.get(part, 1.2)
    return gain / math.sqrt(shape[-1]) * rng.normal(size=shape)


def qwen2(**changes):
    return dict(model_type="qwen2", architectures=["Qwen2ForCausalLM"],
                hidden_size=64, num_hidden_layers=2, intermediate_size=64,
                num_attention_heads=4, num_key_value_heads=2,
                rms_norm_eps=1e-6, rope_theta=10000.0,
                tie_word_embeddings=True, use_sliding_window=False,
                sliding_window=8, max_window_layers=1, hidden_act="silu",
                **VOCABULARY) | changes


def qwen3(**changes):
    return qwen2(model_type="qwen3", architectures=["Qwen3ForCausalLM"],
                 head_dim=32, attention_bias=False) | changes


FIXTURES = {
    "qwen2_bf16": dict(
        form="hf", kind="bf16",
        config=qwen2(num_attention_heads=6, num_key_value_heads=1,
                     hidden_size=48, intermediate_size=40,
                     tie_word_embeddings=False)),
    "qwen2_mlx_mixed": dict(
        form="mlx", kind="bf16", config=qwen2(),
        quantization=affine(4, 64, **{
            "model.layers.0.self_attn.v_proj": affine(6, 32),
            "model.layers.1.mlp.down_proj": affine(8, 64),
            "model.layers.1.self_attn.q_proj": False})),
    "qwen2_gguf": dict(form="gguf", kind="f16",
                       config=qwen2(hidden_size=32, intermediate_size=48)),
    "qwen3_bf16": dict(
        form="hf", kind="bf16",
        config=qwen3(hidden_size=32, intermediate_size=40, head_dim=24,
                     num_attention_heads=6, num_key_value_heads=2)),
    "qwen3_mlx_mixed": dict(
        form="mlx", kind="bf16",
        config=qwen3(tie_word_embeddings=False, head_dim=16),
        quantization=affine(3, 32, **{
            "model.layers.0.mlp.gate_proj": affine(5, 64),
            "lm_head": affine(6, 64),
            "model.embed_tokens": affine(4, 32)})),
    "qwen3_gguf": dict(form="gguf", kind="f16",
                       config=qwen3(hidden_size=32, intermediate_size=48,
                                    head_dim=24)),
}
