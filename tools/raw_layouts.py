# SPDX-License-Identifier: MIT
"""MLX weights back in the names and layouts of raw Hugging Face checkpoints:
the inverse of what mlx-lm's `sanitize` does, family by family."""

import numpy as np

# Norms that raw checkpoints store less one.
CENTRED = ("input_layernorm.weight", "post_attention_layernorm.weight",
           "model.norm.weight", ".q_norm.weight", ".k_norm.weight")


def uncentre(name, array):
    if array.ndim == 1 and name.endswith(CENTRED):
        return array - 1
    return array.swapaxes(1, 2) if "conv1d" in name else array


def qwen3_5(config, weights):
    raw = {}
    for name, array in weights.items():
        name = name.removeprefix("language_model.")
        if name.startswith("model.") and "text_config" in config:
            name = name.replace("model.", "model.language_model.", 1)
        raw[name] = uncentre(name, array)
    for name in list(raw):
        if name.endswith("switch_mlp.gate_proj.weight"):
            path = name.removesuffix("switch_mlp.gate_proj.weight")
            gate, up, down = (raw.pop(f"{path}switch_mlp.{part}_proj.weight")
                              for part in ("gate", "up", "down"))
            raw[f"{path}experts.gate_up_proj"] = np.concatenate(
                [gate, up], axis=1)
            raw[f"{path}experts.down_proj"] = down
    # What a real checkpoint has beside the text model.
    if "text_config" in config:
        raw["model.visual.patch_embed.proj.weight"] = np.ones(
            (4, 8), np.float32)
    raw["mtp.fc.weight"] = np.ones((8, 4), np.float32)
    return raw


def separate_experts(config, weights):
    """One tensor for each expert, as qwen3_moe and qwen3_next store them."""
    raw = {}
    for name, array in weights.items():
        if config["model_type"] == "qwen3_next":
            array = uncentre(name, array)
        path, found, part = name.partition("switch_mlp.")
        if not found:
            raw[name] = array
            continue
        for expert, matrix in enumerate(array):
            raw[f"{path}experts.{expert}.{part}"] = matrix
    return raw


def gpt_oss(config, weights):
    """Experts as bytes: blocks and scales, rows of gate and up in turn."""
    import mlx.core as mx

    def packed(array):
        blocks, scales = mx.quantize(mx.array(array), group_size=32, bits=4,
                                     mode="mxfp4")
        blocks = np.array(blocks).view(np.uint8)
        return blocks.reshape(*array.shape[:-1], -1, 16), np.array(scales)

    def in_turn(gate, up):
        return np.stack([gate, up], axis=2).reshape(
            gate.shape[0], -1, *gate.shape[2:])
    raw = {}
    for name, array in weights.items():
        path, found, part = name.partition("mlp.experts.")
        if not found:
            raw[name] = array
        elif part == "gate_proj.bias":
            raw[f"{path}mlp.experts.gate_up_proj_bias"] = in_turn(
                array, weights[name.replace("gate_proj", "up_proj")])
        elif part == "down_proj.bias":
            raw[f"{path}mlp.experts.down_proj_bias"] = array
        elif part in ("gate_proj.weight", "down_proj.weight"):
            out = "down_proj"
            if part == "gate_proj.weight":
                out = "gate_up_proj"
                array = in_turn(
                    array, weights[name.replace("gate_proj", "up_proj")])
            for kind, bytes_of in zip(("blocks", "scales"), packed(array)):
                raw[f"{path}mlp.experts.{out}_{kind}"] = ("U8", bytes_of)
    return raw


def gemma4(config, weights):
    """Gate and up of all experts in one tensor."""
    raw = {}
    for name, array in weights.items():
        path, found, part = name.partition("experts.switch_glu.")
        if not found:
            raw[name] = array
        elif part == "gate_proj.weight":
            raw[f"{path}experts.gate_up_proj"] = np.concatenate(
                [array, weights[name.replace("gate_proj", "up_proj")]], axis=1)
        elif part == "down_proj.weight":
            raw[f"{path}experts.down_proj"] = array
    return raw


LAYOUTS = {"gemma4_text": gemma4, "gpt_oss": gpt_oss,
           "qwen3_5": qwen3_5, "qwen3_5_text": qwen3_5,
           "qwen3_5_moe": qwen3_5,
           "qwen3_moe": separate_experts, "qwen3_next": separate_experts}


def raw_weights(config, weights):
    layout = LAYOUTS.get(config["model_type"])
    return layout(config, weights) if layout else dict(weights)


def raw_config(config):
    if config["model_type"] != "gpt_oss":
        return config
    return config | dict(quantization_config=dict(
        quant_method="mxfp4", modules_to_not_convert=["model.embed_tokens"]))


def text_only(config):
    """The configuration of the text part alone, as a checkpoint of its own."""
    rest = {key: value for key, value in config.items()
            if key != "text_config"}
    return {**rest, **config["text_config"]}
