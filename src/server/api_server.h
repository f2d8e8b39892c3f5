// SPDX-License-Identifier: MIT
// The server: routes over one backend. It talks to the Backend interface and
// to plain values alone.
//
//   GET  /                      the status page
//   GET  /health /metrics /v1/plan /v1/status /v1/status/stream
//   GET  /v1/models /v1/models/{id}
//   POST /v1/chat/completions /v1/completions /v1/responses
//   POST /v1/messages /v1/messages/count_tokens      (Anthropic's)
//   POST /v1/embeddings /v1/ask                      (with documents)
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/answer_reader.h"
#include "server/api_error.h"
#include "server/http_server.h"
#include "server/machine_watch.h"
#include "server/metrics.h"
#include "server/served_documents.h"

namespace bantam {

struct PackedPrompt;

struct ApiServerOptions {
  HttpServerOptions http;
  /// What clients have to send as bearer token or x-api-key; "": nothing. An
  /// address other than loopback needs one.
  std::string api_key;
  int64_t queue = 8;  // requests that may wait
  AnswerLimits limits;
  WatchSettings watch;
};

class ApiServer {
 public:
  /// Listens, but answers only after start(). `backend` outlives this. Without
  /// `documents` their routes are refused. Throws invalid_request, unavailable.
  ApiServer(
      const ApiServerOptions& options,
      ServedModel model,
      Backend& backend,
      std::unique_ptr<MemorySource> source,
      std::optional<ServedDocuments> documents = std::nullopt);
  ~ApiServer();

  void start() { http_.start(); }
  std::string url() const { return http_.url(); }
  int port() const { return http_.port(); }

  /// From now on new requests are refused; those that are there are finished.
  void drain() { draining_ = true; }
  /// Cuts off what is still being answered.
  void cancel_all() { queue_.cancel_all(); }
  /// Has everything been answered that was there when drain() was called?
  bool is_drained() const { return draining_ && answering_ == 0; }

 private:
  void handle(Exchange& exchange);
  void answer_route(Exchange& exchange, std::string& route);
  void check_origin(Exchange& exchange) const;
  void check_key(const HttpRequest& request) const;
  void check_accepting();
  Json body_of(const HttpRequest& request) const;
  std::optional<int64_t> prompt_tokens(const Request& request) const;
  template <typename Call>
  Call take(
      Exchange& exchange,
      Call (*read)(const Json& body, const ServedModel& model),
      const std::string& max_tokens_field);
  void fit(ApiCall& call, const std::string& max_tokens_field);
  void say_ignored(Exchange& exchange, const ApiCall& call) const;
  void run(ApiCall& call, Exchange& exchange, AnswerSink& sink);

  void answer_page(Exchange& exchange);
  void answer_health(Exchange& exchange);
  void answer_models(Exchange& exchange);
  void answer_model(Exchange& exchange);
  void answer_metrics(Exchange& exchange);
  void answer_plan(Exchange& exchange);
  void answer_status(Exchange& exchange);
  void stream_status(Exchange& exchange);
  void answer_chat(Exchange& exchange);
  void answer_completion(Exchange& exchange);
  void answer_responses(Exchange& exchange);
  void answer_messages(Exchange& exchange);
  void count_message_tokens(Exchange& exchange);
  void answer_embeddings(Exchange& exchange);
  void answer_ask(Exchange& exchange);

  /// Throws ApiError 404 if there are none.
  const ServedDocuments& documents() const;
  /// The embedding model as it is listed; null if there is none.
  Json document_model() const;
  std::vector<float> embed(
      Exchange& exchange,
      std::span<const std::string> texts);
  void respond_with_sources(
      Exchange& exchange,
      const PackedPrompt& packed,
      const AnsweredChoice& choice) const;

  /// One line of the table in api_routes.cpp.
  struct Route {
    std::string_view method;
    std::string_view path;  // ending in "*": any that begins like it
    void (ApiServer::*answer)(Exchange& exchange);
    bool open = false;  // no key is asked for

    bool matches(std::string_view given) const;
  };
  static std::span<const Route> routes();

  Json model_json() const;
  ServerState state() const;

  ApiServerOptions options_;
  ServedModel model_;
  Backend& backend_;
  ServerStats stats_;
  MachineWatch watch_;
  GenerationQueue queue_;
  // Bodies are read one after the other: parsed, a body takes up to 20 times
  // its bytes, and counting its tokens takes a processor.
  std::mutex reading_;
  std::optional<ServedDocuments> documents_;
  std::mutex embedding_;  // for documents_->embedder
  std::atomic<bool> draining_ = false;
  std::atomic<int> answering_ = 0;
  std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  HttpServer http_;  // last: its threads use all of the above
};

}  // namespace bantam
