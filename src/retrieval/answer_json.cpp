// SPDX-License-Identifier: MIT
#include "retrieval/answer_json.h"

#include <cstdint>
#include <utility>

#include "retrieval/claims.h"

namespace bantam {

Json hit_json(const Hit& hit) {
  Json out{
      {"path", hit.path},
      {"kind", hit.kind},
      {"lines", {hit.chunk.line_first, hit.chunk.line_last}},
      {"bytes", {hit.chunk.byte_begin, hit.chunk.byte_end}},
      {"heading", hit.chunk.heading},
      {"text", hit.chunk.text},
      {"score", hit.score},
      {"word_rank", nullptr},
      {"vector_rank", nullptr}};
  if (hit.word_rank) {
    out["word_rank"] = *hit.word_rank;
  }
  if (hit.vector_rank) {
    out["vector_rank"] = *hit.vector_rank;
  }
  return out;
}

Json cited_json(const std::string& answer, const std::vector<Json>& sources) {
  std::vector<bool> cited(sources.size());
  int64_t without_source = 0;
  Json claims = Json::array();
  for (const Claim& claim :
       split_claims(answer, static_cast<int>(sources.size()))) {
    const std::string sentence =
        answer.substr(claim.begin, claim.end - claim.begin);
    const size_t first = sentence.find_first_not_of(" \t\r\n");
    if (first == sentence.npos) {
      continue;
    }
    for (const int number : claim.sources) {
      cited[static_cast<size_t>(number) - 1] = true;
    }
    without_source += claim.supported() ? 0 : 1;
    claims.push_back(
        {{"text", sentence.substr(first)},
         {"sources", claim.sources},
         {"unknown_sources", claim.unknown},
         {"supported", claim.supported()}});
  }
  Json numbered = Json::array();
  for (size_t i = 0; i < sources.size(); ++i) {
    Json source{{"number", i + 1}, {"cited", bool{cited[i]}}};
    source.update(sources[i]);
    numbered.push_back(std::move(source));
  }
  return {
      {"sources", std::move(numbered)},
      {"claims", std::move(claims)},
      {"claims_without_source", without_source}};
}

}  // namespace bantam
