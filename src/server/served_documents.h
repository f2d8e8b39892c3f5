// SPDX-License-Identifier: MIT
// What the server has beside its model: an embedding model and an index of
// documents, for /v1/embeddings and /v1/ask.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "retrieval/embedder.h"

namespace bantam {

struct ServedDocuments {
  std::string id;  // of the embedding model, as in /v1/models
  std::unique_ptr<Embedder> embedder;
  /// The index's file. It is opened for each question, so that documents can
  /// be added while the server runs.
  std::string index;
  int64_t results = 8;  // see SearchOptions
  int64_t per_file = 3;
};

}  // namespace bantam
