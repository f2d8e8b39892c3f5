// SPDX-License-Identifier: MIT
#include "model_run.h"

#include <algorithm>
#include <cstring>
#include <regex>

#include "base/error.h"
#include "base/mapped_file.h"
#include "models/workspace.h"
#include "nn/eval.h"

namespace bantam {

LogitRows read_npy(const std::string& path) {
  const MappedFile file(path);
  const std::string_view text = file.text();
  const size_t header_end = text.find('\n') + 1;
  const std::string header(text.substr(0, header_end));
  std::smatch shape;
  if (header.find("'<f4'") == header.npos ||
      !std::regex_search(
          header, shape, std::regex(R"('shape': \((\d+), (\d+)\))"))) {
    fail(ErrorCode::invalid_file, "{}: not a float32 matrix", path);
  }
  LogitRows rows(
      std::stoul(shape[1]), std::vector<float>(std::stoul(shape[2])));
  size_t offset = header_end;
  for (std::vector<float>& row : rows) {
    std::memcpy(row.data(), text.data() + offset, row.size() * sizeof(float));
    offset += row.size() * sizeof(float);
  }
  return rows;
}

ModelRun::ModelRun(
    const std::string& path,
    nn::KernelPath path_kind,
    int threads,
    int kv_bits,
    nn::mx::Device device)
    : checkpoint_(path),
      kv_bits_(kv_bits),
      pool_(threads),
      pages_(checkpoint_.mapped_files()),
      compute_{
          .stream = nn::mx::new_thread_unsafe_stream(device),
          .path = path_kind,
          .pool = &pool_,
          .workspace = &workspace_,
          .pages = &pages_},
      model_(make_model(checkpoint_, compute_)) {}

void ModelRun::reserve(int64_t tokens, int64_t kv_budget) {
  reserve_workspace(
      workspace_,
      workspace_need(model_->shape(), kv_budget, tokens, pool_.threads()));
}

LogitRows ModelRun::feed(
    std::span<const TokenId> ids,
    int64_t chunk,
    KvCache& cache) {
  LogitRows rows;
  for (size_t done = 0; done < ids.size();) {
    const size_t count = std::min<size_t>(chunk, ids.size() - done);
    nn::mx::array result =
        model_->forward(ids.subspan(done, count), count, cache);
    const std::span<const float> values = nn::values(result);
    const size_t width = values.size() / count;
    for (size_t t = 0; t < count; ++t) {
      rows.emplace_back(
          values.begin() + t * width, values.begin() + (t + 1) * width);
    }
    done += count;
  }
  return rows;
}

LogitRows ModelRun::logits(
    std::span<const TokenId> ids,
    int64_t kv_budget,
    int64_t chunk) {
  reserve(chunk, kv_budget);
  KvCache cache(model_->shape(), kv_budget, compute_, kv_bits_);
  return feed(ids, chunk, cache);
}

bool ModelRun::resumes_with_the_same_bits(
    std::span<const TokenId> ids,
    int64_t kv_budget) {
  const auto size = static_cast<int64_t>(ids.size());
  reserve(size, kv_budget);
  const std::span<const TokenId> rest = ids.subspan(ids.size() / 2);
  KvCache cache(model_->shape(), kv_budget, compute_, kv_bits_);
  const CacheSnapshot empty = cache.save();
  feed(ids.first(ids.size() / 2), size, cache);
  const CacheSnapshot saved = cache.save();
  const CacheSnapshot mark = cache.mark();
  const LogitRows expected = feed(rest, 2, cache);
  const auto agrees = [&](KvCache& other, const CacheSnapshot& from) {
    other.restore(from);
    return feed(rest, 2, other) == expected;
  };
  if (cache.can_restore(mark) && !agrees(cache, mark)) {
    return false;
  }
  KvCache other(model_->shape(), kv_budget, compute_, kv_bits_);
  if (!agrees(cache, saved) || !agrees(other, saved)) {
    return false;
  }
  cache.restore(empty);
  feed(ids.first(ids.size() / 2), size, cache);
  return feed(rest, 2, cache) == expected;
}

ModelRun::PrefixRun ModelRun::prefix_run(
    int64_t kv_budget,
    int64_t store_bytes) {
  PrefixRun run;
  run.cache = std::make_unique<KvCache>(model_->shape(), kv_budget, compute_);
  run.timeline = std::make_unique<Timeline>(*run.cache, store_bytes);
  return run;
}

LogitRows ModelRun::read_prompt(
    PrefixRun& run,
    std::span<const TokenId> ids,
    std::span<const int64_t> boundaries,
    int64_t chunk,
    int64_t& cached) {
  reserve(chunk, run.cache->budget_tokens());
  cached = run.timeline->start(ids, boundaries);
  LogitRows rows;
  for (auto at = static_cast<size_t>(cached); at < ids.size();) {
    const int64_t count = run.timeline->begin_chunk(chunk);
    LogitRows more = feed(ids.subspan(at, count), count, *run.cache);
    rows.insert(rows.end(), more.begin(), more.end());
    at += count;
    run.timeline->computed(static_cast<int64_t>(at));
  }
  return rows;
}

std::vector<TokenId> ModelRun::greedy(
    std::span<const TokenId> ids,
    int64_t kv_budget,
    int64_t count) {
  reserve(ids.size(), kv_budget);
  KvCache cache(model_->shape(), kv_budget, compute_, kv_bits_);
  std::vector<TokenId> answer;
  std::vector<TokenId> input(ids.begin(), ids.end());
  while (static_cast<int64_t>(answer.size()) < count) {
    nn::mx::array result = model_->forward(input, 1, cache);
    const std::span<const float> row = nn::values(result);
    answer.push_back(
        static_cast<TokenId>(
            std::max_element(row.begin(), row.end()) - row.begin()));
    input = {answer.back()};
  }
  return answer;
}

}  // namespace bantam
