// SPDX-License-Identifier: MIT
// What each family file offers to registry.cpp; declared here so that a
// family needs no header of its own.
#pragma once

#include <memory>

#include "models/folder_export.h"
#include "models/model.h"
#include "models/registry.h"

namespace bantam {

ModelShape describe_llama(const Checkpoint& checkpoint);
std::unique_ptr<Model> make_llama(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);
FolderExport export_llama(const Checkpoint& checkpoint);

ModelShape describe_qwen3_5(const Checkpoint& checkpoint);
std::unique_ptr<Model> make_qwen3_5(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);

ModelShape describe_qwen3_moe(const Checkpoint& checkpoint);
std::unique_ptr<Model> make_qwen3_moe(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);

ModelShape describe_gemma4(const Checkpoint& checkpoint);
std::unique_ptr<Model> make_gemma4(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);

ModelShape describe_gpt_oss(const Checkpoint& checkpoint);
std::unique_ptr<Model> make_gpt_oss(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);

ModelShape describe_gemma3(const Checkpoint& checkpoint);
std::unique_ptr<Model> make_gemma3(
    const Checkpoint& checkpoint,
    const nn::Compute& compute);

}  // namespace bantam
