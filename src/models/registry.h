// SPDX-License-Identifier: MIT
// The table of model families: who can run a checkpoint, and how large is it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "memory/model_shape.h"
#include "models/model.h"
#include "nn/compute.h"
#include "weights/checkpoint.h"

namespace bantam {

/// What the checkpoint calls its architecture: config.json's "model_type" or
/// GGUF's "general.architecture". Throws invalid_file if it names none.
std::string architecture_of(const Checkpoint& checkpoint);

bool is_supported(const std::string& architecture);
std::vector<std::string> supported_architectures();

/// Sizes, from headers alone. Throws unsupported for an unknown architecture
/// (naming it and the nearest one known) and invalid_file where the
/// configuration contradicts itself.
ModelShape describe(const Checkpoint& checkpoint);

/// The model itself; weights stay where they are mapped, so `checkpoint` and
/// what `compute` points at must outlive it.
std::unique_ptr<Model> make_model(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);

}  // namespace bantam
