// SPDX-License-Identifier: MIT
// /v1/embeddings and /v1/ask: what the server answers from documents.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "retrieval/answer_json.h"
#include "retrieval/answer_prompt.h"
#include "server/api_server.h"
#include "server/chat_answer.h"
#include "server/document_calls.h"

namespace bantam {

namespace {

// Embedded before the client is looked at again: a fraction of a second.
constexpr size_t kTextsAtOnce = 16;
// What an answer from documents may have that does not say.
constexpr int64_t kAnswerTokens = 512;

}  // namespace

const ServedDocuments& ApiServer::documents() const {
  if (!documents_) {
    throw ApiError(
        404,
        "this server has no embedding model; start it with bantam serve "
        "--documents")
        .with_code("unsupported_route");
  }
  return *documents_;
}

Json ApiServer::document_model() const {
  if (!documents_) {
    return nullptr;
  }
  return {
      {"id", documents_->id},
      {"object", "model"},
      {"created", model_.created_s},
      {"owned_by", "bantam"},
      {"type", "model"},
      {"display_name", documents_->id}};
}

std::vector<float> ApiServer::embed(
    Exchange& exchange,
    std::span<const std::string> texts) {
  std::vector<float> vectors;
  for (size_t first = 0; first < texts.size(); first += kTextsAtOnce) {
    if (exchange.client_gone()) {
      stats_.count_hung_up();
      throw ClientGone{};
    }
    // An embedder serves one thread at a time; between two pieces it is the
    // others' turn.
    const std::lock_guard lock(embedding_);
    const std::vector<float> some = documents_->embedder->embed(
        texts.subspan(first, std::min(kTextsAtOnce, texts.size() - first)));
    vectors.insert(vectors.end(), some.begin(), some.end());
  }
  return vectors;
}

void ApiServer::answer_embeddings(Exchange& exchange) {
  const ServedDocuments& served = documents();
  EmbeddingsCall call;
  int64_t tokens = 0;
  std::vector<size_t> truncated;
  {
    const std::lock_guard lock(reading_);
    call = read_embeddings_call(body_of(exchange.request()), served);
    check_accepting();
    for (size_t i = 0; i < call.texts.size(); ++i) {
      const int64_t have = served.embedder->count_tokens(call.texts[i]);
      const int64_t read = std::min(have, served.embedder->text_tokens());
      tokens += read;
      if (read < have) {
        truncated.push_back(i);
      }
    }
  }
  say_ignored(exchange, ApiCall{.ignored = call.ignored});
  HttpResponse response;
  response.body = embeddings_body(
      call, served.id, embed(exchange, call.texts), tokens, truncated);
  exchange.respond(response);
}

void ApiServer::answer_ask(Exchange& exchange) {
  const ServedDocuments& served = documents();
  AskCall ask;
  {
    const std::lock_guard lock(reading_);
    ask = read_ask_call(body_of(exchange.request()), model_, served);
    check_accepting();
  }
  DocumentIndex index(served.index, DatabaseMode::write);
  index.check_model(
      {served.embedder->fingerprint(), served.embedder->dimension()});
  SearchOptions search_options;
  search_options.limit = ask.results;
  search_options.per_file = ask.per_file;
  search_options.among = ask.paths;
  const std::vector<Hit> hits = search(
      index, ask.question, embed(exchange, {&ask.question, 1}), search_options);
  if (hits.empty()) {
    throw ApiError(
        404,
        ask.paths.empty()
            ? "the index has no documents; add some with bantam index add"
            : "the index has no documents below these paths")
        .about(ask.paths.empty() ? "" : "paths")
        .with_code("no_documents");
  }
  const int64_t most = std::min(
      {ask.call.max_kv_size.value_or(model_.budget_tokens),
       model_.budget_tokens,
       model_.context_tokens});
  const int64_t answer_tokens =
      ask.call.max_tokens.value_or(std::min(kAnswerTokens, most / 3));
  PackedPrompt packed;
  {
    const std::lock_guard lock(reading_);
    packed = pack_question(
        backend_, ask.request, ask.question, hits, most - answer_tokens);
    ask.call.max_tokens = answer_tokens;
    ask.call.requests = {packed.request};
    fit(ask.call, "max_tokens");
    say_ignored(exchange, ask.call);
  }
  AnswerCollector collected(1);
  run(ask.call, exchange, collected);
  respond_with_sources(exchange, packed, collected.choices().front());
}

void ApiServer::respond_with_sources(
    Exchange& exchange,
    const PackedPrompt& packed,
    const AnsweredChoice& choice) const {
  std::vector<Json> sources;
  for (const Hit& hit : packed.sources) {
    sources.push_back(hit_json(hit));
  }
  Usage usage;
  usage.add(choice.result);
  Json json{
      {"id", random_id("ask-")},
      {"object", "answer"},
      {"created", static_cast<int64_t>(std::time(nullptr))},
      {"model", model_.id},
      {"answer", choice.text},
      {"finish_reason", choice.reason},
      {"hits_left_out", packed.left_out},
      {"usage", usage_json(usage)}};
  if (!choice.reasoning.empty()) {
    json["reasoning"] = choice.reasoning;
  }
  if (Json note = answer_note(choice.result); !note.is_null()) {
    json["bantam"] = std::move(note);
  }
  json.update(cited_json(choice.text, sources));
  HttpResponse response;
  response.body = to_json_line(json) + "\n";
  exchange.respond(response);
}

}  // namespace bantam
