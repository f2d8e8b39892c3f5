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
    if name.endswith("layer_scalar"):
        return rng.uniform(0.6, 1.4, shape)
    if name.endswith("per_expert_scale"):
        return rng.uniform(0.5, 1.5, shape)
    if name.endswith("sinks"):
        return rng.normal(0, 1.5, shape)
    if "norm" in part:
        # Both signs: a tied head would only repeat the last token otherwise.
        sign = 1 if part in ("q_norm", "k_norm") else np.where(
            rng.random(shape) < 0.5, -1.0, 1.0)
        # On a grid, so that one more or less is exact in bfloat16.
        weight = np.round(rng.uniform(0.5, 1.5, shape) * 64) / 64 * sign
        return gains.get(part, 1) * weight - gains.get("norm_offset", 0)
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


def moe(experts, active, width, **changes):
    return dict(num_experts=experts, num_experts_per_tok=active,
                moe_intermediate_size=width, norm_topk_prob=True, **changes)


def qwen3_moe(**changes):
    return qwen3(model_type="qwen3_moe",
                 architectures=["Qwen3MoeForCausalLM"],
                 decoder_sparse_step=1, mlp_only_layers=[],
                 tie_word_embeddings=True) | changes


def delta(key_heads, value_heads, key_dim, value_dim):
    return dict(linear_num_key_heads=key_heads,
                linear_num_value_heads=value_heads,
                linear_key_head_dim=key_dim,
                linear_value_head_dim=value_dim, linear_conv_kernel_dim=4)


def qwen3_next(**changes):
    return qwen3_moe(model_type="qwen3_next",
                     architectures=["Qwen3NextForCausalLM"],
                     partial_rotary_factor=0.25, full_attention_interval=2,
                     shared_expert_intermediate_size=16) | changes


def qwen3_5(model_type="qwen3_5", **changes):
    text = dict(model_type=model_type + "_text", hidden_size=64,
                num_hidden_layers=4, intermediate_size=32,
                num_attention_heads=4, num_key_value_heads=2, head_dim=32,
                rms_norm_eps=1e-6, tie_word_embeddings=True,
                hidden_act="silu", attention_bias=False,
                full_attention_interval=4, attn_output_gate=True,
                rope_parameters=dict(
                    rope_type="default", rope_theta=10000000,
                    partial_rotary_factor=0.25, mrope_section=[2, 1, 1],
                    mrope_interleaved=True),
                **VOCABULARY)
    kind = "Moe" if "moe" in model_type else ""
    return dict(model_type=model_type,
                architectures=[f"Qwen3_5{kind}ForConditionalGeneration"],
                text_config=text | changes)


# Three value heads to a key head, three query heads to a key/value head, and
# widths that are no multiple of anything.
ODD_DELTA = dict(hidden_size=32, intermediate_size=24, num_attention_heads=3,
                 num_key_value_heads=1, head_dim=24) | delta(2, 6, 12, 8)


def gemma3(**changes):
    text = qwen2(model_type="gemma3_text", num_hidden_layers=3, head_dim=24,
                 rope_local_base_freq=100.0, query_pre_attn_scalar=20,
                 sliding_window=6, sliding_window_pattern=3,
                 hidden_activation="gelu_pytorch_tanh") | changes
    for key in ("use_sliding_window", "max_window_layers", "hidden_act"):
        del text[key]
    return text | dict(architectures=["Gemma3ForCausalLM"])


def gemma4(**changes):
    text = qwen2(model_type="gemma4_text", num_hidden_layers=3, head_dim=16,
                 global_head_dim=32, sliding_window=6,
                 layer_types=["sliding_attention", "sliding_attention",
                              "full_attention"],
                 hidden_size_per_layer_input=0, num_kv_shared_layers=0,
                 vocab_size_per_layer_input=VOCABULARY["vocab_size"],
                 attention_k_eq_v=False, final_logit_softcapping=30.0,
                 use_double_wide_mlp=False,
                 rope_parameters=dict(
                     full_attention=dict(
                         partial_rotary_factor=0.25, rope_theta=1000000.0,
                         rope_type="proportional"),
                     sliding_attention=dict(rope_theta=100.0,
                                            rope_type="default")),
                 hidden_activation="gelu_pytorch_tanh") | changes
    for key in ("use_sliding_window", "max_window_layers", "hidden_act",
                "rope_theta"):
        del text[key]
    return text | dict(architectures=["Gemma4ForCausalLM"])


def ministral3(**changes):
    return qwen2(model_type="ministral3", head_dim=16,
                 architectures=["Ministral3ForCausalLM"],
                 layer_types=["sliding_attention", "full_attention"],
                 use_sliding_window=True, sliding_window=6,
                 rope_parameters=dict(
                     rope_type="yarn", rope_theta=10000.0, factor=4.0,
                     beta_fast=32.0, beta_slow=1.0, mscale=1.0,
                     mscale_all_dim=1.0, llama_4_scaling_beta=0.1,
                     original_max_position_embeddings=8)) | changes


def mxfp4():
    return dict(group_size=32, bits=4, mode="mxfp4")


def gpt_oss(**changes):
    """The experts are always in mxfp4; the gains of theirs reach the clamps."""
    return dict(model_type="gpt_oss", architectures=["GptOssForCausalLM"],
                hidden_size=32, num_hidden_layers=3, intermediate_size=64,
                num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                num_local_experts=5, num_experts_per_tok=2,
                rms_norm_eps=1e-5, rope_theta=150000, sliding_window=6,
                layer_types=["sliding_attention", "full_attention",
                             "sliding_attention"],
                rope_scaling=dict(
                    rope_type="yarn", factor=4.0, beta_fast=32.0,
                    beta_slow=1.0, original_max_position_embeddings=64),
                tie_word_embeddings=False, attention_bias=True,
                hidden_act="silu", swiglu_limit=7.0, **VOCABULARY) | changes


OSS_GAINS = dict(q_proj=0.8, k_proj=0.8, gate_proj=4.0, up_proj=4.0, down_proj=0.6, router=2.0)

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
    "qwen3_moe_bf16": dict(
        form="hf", kind="bf16",
        config=qwen3_moe(hidden_size=32, intermediate_size=24, head_dim=16,
                         num_attention_heads=3, num_key_value_heads=1,
                         num_hidden_layers=3, mlp_only_layers=[1],
                         **moe(6, 2, 8))),
    "qwen3_moe_mlx": dict(
        form="mlx", kind="bf16",
        config=qwen3_moe(head_dim=16, **moe(5, 3, 32)),
        quantization=affine(3, 32, **{
            "model.layers.0.mlp.gate": affine(8, 64),
            "model.layers.1.mlp.gate": affine(8, 64),
            "model.layers.1.mlp.switch_mlp.down_proj": affine(6, 32)})),
    "qwen3_moe_gguf": dict(
        form="gguf", kind="f16", gains=dict(q_norm=0.5),
        config=qwen3_moe(hidden_size=32, intermediate_size=24, head_dim=16,
                         **moe(6, 2, 16))),
    "qwen3_5_bf16": dict(form="hf", kind="bf16",
                         config=qwen3_5(**ODD_DELTA)),
    "qwen3_5_text": dict(form="hf_text", kind="bf16",
                         config=qwen3_5(**ODD_DELTA | delta(1, 2, 16, 12))),
    "qwen3_5_mlx_mixed": dict(
        form="mlx", kind="bf16",
        config=qwen3_5(**delta(2, 4, 16, 16)),
        quantization=affine(3, 32, **{
            "language_model.model.layers.0.linear_attn.in_proj_qkv":
                affine(6, 64),
            "language_model.model.layers.2.linear_attn.out_proj":
                affine(4, 64),
            "language_model.model.layers.3.self_attn.v_proj": affine(8, 32),
            "language_model.model.layers.1.mlp.up_proj": False})),
    "qwen3_5_gguf": dict(
        form="gguf", kind="f16",
        config=qwen3_5(**ODD_DELTA | delta(2, 6, 8, 8))),
    "qwen3_5_moe_bf16": dict(
        form="hf", kind="bf16",
        config=qwen3_5("qwen3_5_moe", **ODD_DELTA | dict(num_hidden_layers=3,
                       full_attention_interval=3,
                       shared_expert_intermediate_size=12) | moe(6, 2, 8))),
    "qwen3_5_moe_mlx_mixed": dict(
        form="mlx", kind="bf16",
        config=qwen3_5("qwen3_5_moe", num_hidden_layers=2,
                       full_attention_interval=2,
                       shared_expert_intermediate_size=32,
                       **delta(2, 4, 16, 16), **moe(5, 2, 32)),
        quantization=affine(4, 32, **{
            f"language_model.model.layers.{layer}.mlp.{gate}": affine(8, 64)
            for layer in (0, 1) for gate in ("gate", "shared_expert_gate")})),
    "qwen3_5_moe_gguf": dict(
        form="gguf", kind="f16",
        config=qwen3_5("qwen3_5_moe", **ODD_DELTA | dict(num_hidden_layers=2,
                       full_attention_interval=2,
                       shared_expert_intermediate_size=12)
                       | delta(2, 4, 8, 8) | moe(4, 2, 8))),
    "qwen3_next_bf16": dict(
        form="hf", kind="bf16",
        config=qwen3_next(num_hidden_layers=2, mlp_only_layers=[1],
                          **ODD_DELTA | moe(6, 2, 8))),
    "qwen3_next_mlx": dict(
        form="mlx", kind="bf16",
        config=qwen3_next(head_dim=16, intermediate_size=32,
                          shared_expert_intermediate_size=32,
                          **delta(2, 4, 16, 16), **moe(4, 2, 32)),
        quantization=affine(4, 32)),
    "qwen3_next_gguf": dict(
        form="gguf", kind="f16",
        config=qwen3_next(**ODD_DELTA | dict(head_dim=16) | delta(2, 4, 8, 8)
                          | moe(4, 2, 8))),
    "gemma3_bf16": dict(
        form="hf", kind="bf16", gains=dict(norm_offset=1),
        config=gemma3(hidden_size=32, intermediate_size=40,
                      num_attention_heads=3, num_key_value_heads=1)),
    "gemma3_mlx_mixed": dict(
        form="mlx", kind="bf16", gains=dict(norm_offset=1),
        config=dict(model_type="gemma3", vocab_size=VOCABULARY["vocab_size"],
                    text_config=gemma3(
            rope_scaling=dict(rope_type="linear", factor=4.0),
            num_hidden_layers=3)),
        quantization=affine(4, 64, **{
            "language_model.model.layers.1.self_attn.o_proj": affine(6, 32),
            "language_model.model.layers.2.mlp.up_proj": affine(3, 64)})),
    "ministral3_bf16": dict(
        form="hf", kind="bf16", gains=dict(q_proj=0.9, k_proj=0.9),
        config=ministral3(hidden_size=32, intermediate_size=48,
                          num_attention_heads=6)),
    "mistral3_mlx": dict(
        form="mlx", kind="bf16",
        config=dict(model_type="mistral3",
                    text_config=ministral3(tie_word_embeddings=False)),
        quantization=affine(4, 64, **{
            "language_model.lm_head": affine(6, 64)})),
    "gpt_oss_mlx_mixed": dict(
        form="mlx", kind="bf16", gains=OSS_GAINS | dict(q_proj=0.5),
        mxfp4="mlp.experts.",
        config=gpt_oss(hidden_size=64),
        quantization=affine(4, 32, **{
            f"model.layers.{layer}.mlp.router": affine(8, 64)
            for layer in range(3)} | {"lm_head": affine(6, 64)})),
    # As OpenAI published it: gate and up in alternating rows, as bytes.
    "gpt_oss_hf": dict(
        form="hf", kind="bf16", gains=OSS_GAINS, mxfp4="mlp.experts.",
        config=gpt_oss(num_attention_heads=6, num_key_value_heads=1,
                       num_local_experts=4, num_hidden_layers=2,
                       layer_types=["sliding_attention", "full_attention"])),
    # llama.cpp has the pattern, the local base and the scale built in.
    "gemma3_gguf": dict(
        form="gguf", kind="f16", gains=dict(norm_offset=1),
        config=gemma3(num_hidden_layers=6, hidden_size=36,
                      intermediate_size=40,
                      num_attention_heads=3, num_key_value_heads=1,
                      query_pre_attn_scalar=24, sliding_window_pattern=6,
                      rope_local_base_freq=10000.0, rope_theta=1000000.0)),
    "gpt_oss_gguf": dict(
        form="gguf", kind="f16", gains=OSS_GAINS, mxfp4="mlp.experts.",
        config=gpt_oss(num_attention_heads=3, num_key_value_heads=1,
                       num_hidden_layers=2,
                       layer_types=["sliding_attention", "full_attention"])),
    # Keys that are values, and experts, in the layout of the raw checkpoint.
    "gemma4_bf16": dict(
        form="hf", kind="bf16", gains=dict(q_norm=0.5),
        config=gemma4(hidden_size=32, intermediate_size=24,
                      num_attention_heads=6, num_key_value_heads=2,
                      attention_k_eq_v=True, num_global_key_value_heads=1,
                      enable_moe_block=True, num_experts=5, top_k_experts=2,
                      moe_intermediate_size=8)),
    "gemma4_mlx_mixed": dict(
        form="mlx", kind="bf16", gains=dict(q_norm=0.5),
        config=dict(model_type="gemma4", vocab_size=VOCABULARY["vocab_size"],
                    text_config=gemma4()),
        quantization=affine(4, 64, **{
            "language_model.model.layers.1.self_attn.o_proj": affine(6, 32),
            "language_model.model.layers.2.mlp.up_proj": affine(3, 64)})),
}
