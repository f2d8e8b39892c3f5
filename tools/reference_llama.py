#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An independent llama-family forward pass in numpy: the oracle for golden
logits. Never used at run time.

  reference_llama.py MODEL --ids 1,2,3 --out logits.npy [--kv-budget 1024]
                     [--float64] [--kv-float16] [--greedy 32]

MODEL is a GGUF file or a Hugging Face / MLX folder. The output is float32
[tokens, vocabulary]. With a KV budget the token at position p sees positions
j <= p with j < 4 or j > p - (budget - 4); rotary positions stay absolute.
"""

import argparse

import numpy as np

from checkpoint_reader import read_model

SINKS = 4  # positions that a full cache never drops


def visible(begin, tokens, budget, window=None):
    """[tokens, begin + tokens] bool: which positions each new token sees."""
    p = np.arange(begin, begin + tokens)[:, None]
    j = np.arange(begin + tokens)[None, :]
    mask = j <= p
    if budget:
        mask &= (j < SINKS) | (j > p - (budget - SINKS))
    if window:
        mask &= j > p - window
    return mask


def rms_norm(x, weight, eps):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def rotate(x, positions, frequencies):
    """x: [tokens, heads, head_dim], pairs (i, i + head_dim / 2)."""
    angle = positions[:, None, None] * frequencies  # [tokens, 1, pairs]
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


class Reference:
    """One sequence: feed() tokens, get their logits."""

    def __init__(self, model, dtype=np.float32, kv_budget=0, kv_type=None):
        self.model = model
        self.dtype = dtype
        self.budget = kv_budget
        self.kv_type = kv_type or dtype  # keys and values are rounded to it
        self.weights = {k: v.astype(dtype) for k, v in model.weights.items()}
        self.keys = [[] for _ in range(model.layers)]
        self.values = [[] for _ in range(model.layers)]
        self.position = 0

    def linear(self, path, x):
        y = x @ self.weights[path + ".weight"].T
        bias = self.weights.get(path + ".bias")
        return y if bias is None else y + bias

    def attention(self, layer, path, x):
        m, tokens = self.model, x.shape[0]
        positions = np.arange(self.position, self.position + tokens,
                              dtype=np.float64)
        q = self.linear(path + ".q_proj", x).reshape(tokens, m.heads, -1)
        k = self.linear(path + ".k_proj", x).reshape(tokens, m.kv_heads, -1)
        v = self.linear(path + ".v_proj", x).reshape(tokens, m.kv_heads, -1)
        q = rotate(q, positions, m.frequencies)
        k = rotate(k, positions, m.frequencies)
        k, v = (a.astype(self.kv_type).astype(self.dtype) for a in (k, v))
        self.keys[layer].append(k)
        self.values[layer].append(v)
        k = np.concatenate(self.keys[layer])  # [positions, kv_heads, dim]
        v = np.concatenate(self.values[layer])
        mask = visible(self.position, tokens, self.budget, m.sliding_window)
        out = np.empty_like(q)
        for head in range(m.heads):
            kv = head * m.kv_heads // m.heads
            scores = q[:, head] @ k[:, kv].T / self.dtype(m.head_dim ** 0.5)
            scores = np.where(mask, scores, self.dtype(-np.inf))
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            weights /= weights.sum(axis=-1, keepdims=True)
            out[:, head] = weights @ v[:, kv]
        return self.linear(path + ".o_proj", out.reshape(tokens, -1))

    def mlp(self, path, x):
        gate = self.linear(path + ".gate_proj", x)
        up = self.linear(path + ".up_proj", x)
        silu = gate / (1 + np.exp(-gate))
        return self.linear(path + ".down_proj", silu * up)

    def feed(self, ids):
        """Logits [len(ids), vocabulary] in this reference's dtype."""
        w, m = self.weights, self.model
        x = w["model.embed_tokens.weight"][np.asarray(ids)]
        for layer in range(m.layers):
            path = f"model.layers.{layer}"
            norm = rms_norm(x, w[path + ".input_layernorm.weight"], m.eps)
            x = x + self.attention(layer, path + ".self_attn", norm)
            norm = rms_norm(x, w[path + ".post_attention_layernorm.weight"],
                            m.eps)
            x = x + self.mlp(path + ".mlp", norm)
        self.position += len(ids)
        x = rms_norm(x, w["model.norm.weight"], m.eps)
        head = "model.embed_tokens" if m.tied else "lm_head"
        return self.linear(head, x)


def greedy(model, ids, count, dtype=np.float32, kv_budget=0, kv_type=None):
    """(prompt logits, `count` greedy ids, smallest lead of a chosen token
    over the runner-up)."""
    reference = Reference(model, dtype, kv_budget, kv_type)
    prompt = logits = reference.feed(ids)
    chosen, margin = [], np.inf
    for _ in range(count):
        second, first = np.partition(logits[-1], -2)[-2:]
        margin = min(margin, float(first - second))
        chosen.append(int(logits[-1].argmax()))
        logits = reference.feed(chosen[-1:])
    return prompt, chosen, margin


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--ids", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--kv-budget", type=int, default=0)
    parser.add_argument("--float64", action="store_true")
    parser.add_argument("--kv-float16", action="store_true")
    parser.add_argument("--greedy", type=int, default=0)
    args = parser.parse_args()
    ids = [int(i) for i in args.ids.split(",")]
    logits, chosen, margin = greedy(
        read_model(args.model), ids, args.greedy,
        np.float64 if args.float64 else np.float32, args.kv_budget,
        np.float16 if args.kv_float16 else None)
    np.save(args.out, logits.astype(np.float32))
    if args.greedy:
        print(",".join(map(str, chosen)), f"smallest lead {margin:.3f}")


if __name__ == "__main__":
    main()
