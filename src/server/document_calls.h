// SPDX-License-Identifier: MIT
// The bodies of POST /v1/embeddings (OpenAI's) and /v1/ask (bantam's own), and
// the answer to the first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/api_call.h"
#include "server/served_documents.h"

namespace bantam {

struct EmbeddingsCall {
  std::vector<std::string> texts;
  bool base64 = false;
  /// Fields that were accepted and change nothing.
  std::vector<std::string> ignored;
};

/// Throws ApiError about the field that is to blame.
EmbeddingsCall read_embeddings_call(
    const Json& body,
    const ServedDocuments& documents);

/// The answer's body. vectors: [texts, dimension]; `truncated`: texts of which
/// the encoder reads the beginning alone.
std::string embeddings_body(
    const EmbeddingsCall& call,
    const std::string& model,
    std::span<const float> vectors,
    int64_t tokens,
    const std::vector<size_t>& truncated);

struct AskCall {
  ApiCall call;  // its request has no prompt yet
  Request request;
  std::string question;
  std::vector<std::string> paths;  // to answer from; empty: the whole index
  int64_t results = 0;
  int64_t per_file = 0;
};

/// Throws ApiError about the field that is to blame.
AskCall read_ask_call(
    const Json& body,
    const ServedModel& model,
    const ServedDocuments& documents);

}  // namespace bantam
