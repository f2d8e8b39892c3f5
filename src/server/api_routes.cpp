// SPDX-License-Identifier: MIT
// What each route answers.
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <thread>

#include "server/api_server.h"
#include "server/chat_answer.h"
#include "server/chat_call.h"
#include "server/messages_api.h"
#include "server/responses_api.h"
#include "server/status_page.h"

namespace bantam {

namespace {

constexpr size_t kHistoryShown = 240;

void respond_json(Exchange& exchange, const Json& json) {
  HttpResponse response;
  response.body = to_json_line(json) + "\n";
  exchange.respond(response);
}

int64_t now_s() {
  return static_cast<int64_t>(std::time(nullptr));
}

ApiCall& call_of(ApiCall& call) {
  return call;
}
template <typename Call>
ApiCall& call_of(Call& call) {
  return call.call;
}

}  // namespace

// A call that may be answered: understood, and within the budget.
template <typename Call>
Call ApiServer::take(
    Exchange& exchange,
    Call (*read)(const Json& body, const ServedModel& model),
    const std::string& max_tokens_field) {
  const std::lock_guard lock(reading_);
  Call call = read(body_of(exchange.request()), model_);
  check_accepting();
  fit(call_of(call), max_tokens_field);
  say_ignored(exchange, call_of(call));
  return call;
}

bool ApiServer::Route::matches(std::string_view given) const {
  if (path.ends_with('*')) {
    const std::string_view begin = path.substr(0, path.size() - 1);
    return given.starts_with(begin) && given.size() > begin.size();
  }
  return given == path;
}

// Clients whose base address lacks "/v1" find the two oldest routes as well.
std::span<const ApiServer::Route> ApiServer::routes() {
  static constexpr std::array kRoutes{
      Route{"GET", "/", &ApiServer::answer_page, true},
      Route{"GET", "/health", &ApiServer::answer_health, true},
      Route{"GET", "/metrics", &ApiServer::answer_metrics},
      Route{"GET", "/v1/plan", &ApiServer::answer_plan},
      Route{"GET", "/v1/status", &ApiServer::answer_status},
      Route{"GET", "/v1/status/stream", &ApiServer::stream_status},
      Route{"GET", "/v1/models", &ApiServer::answer_models},
      Route{"GET", "/v1/models/*", &ApiServer::answer_model},
      Route{"POST", "/v1/chat/completions", &ApiServer::answer_chat},
      Route{"POST", "/chat/completions", &ApiServer::answer_chat},
      Route{"POST", "/v1/completions", &ApiServer::answer_completion},
      Route{"POST", "/v1/responses", &ApiServer::answer_responses},
      Route{"POST", "/v1/messages", &ApiServer::answer_messages},
      Route{
          "POST",
          "/v1/messages/count_tokens",
          &ApiServer::count_message_tokens},
      Route{"POST", "/v1/embeddings", &ApiServer::answer_embeddings},
      Route{"POST", "/v1/ask", &ApiServer::answer_ask},
  };
  return kRoutes;
}

void ApiServer::answer_page(Exchange& exchange) {
  const std::string nonce = random_id("");
  HttpResponse response;
  response.type = "text/html; charset=utf-8";
  response.body = status_page();
  for (size_t at = response.body.find("NONCE"); at != std::string::npos;
       at = response.body.find("NONCE", at)) {
    response.body.replace(at, 5, nonce);
  }
  response.headers = {
      {"Content-Security-Policy",
       fmt::format(fmt::runtime(kStatusPagePolicy), nonce)},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-store"}};
  exchange.respond(response);
}

void ApiServer::answer_health(Exchange& exchange) {
  const std::optional<std::string> refusal = watch_.refusal();
  HttpResponse response;
  response.status = draining_ || refusal ? 503 : 200;
  const QueueLoad load = queue_.load();
  response.body = to_json_line(
                      {{"status",
                        draining_     ? "draining"
                            : refusal ? "memory pressure"
                                      : "ok"},
                       {"reason", refusal ? Json(*refusal) : Json()},
                       {"pressure", pressure_name(watch_.latest().pressure)},
                       {"running", load.running},
                       {"waiting", load.waiting}}) +
      "\n";
  if (response.status == 503) {
    response.headers.emplace_back("Retry-After", "5");
  }
  exchange.respond(response);
}

Json ApiServer::model_json() const {
  return {
      {"id", model_.id},
      {"object", "model"},
      {"created", model_.created_s},
      {"owned_by", "bantam"},
      // What Anthropic's clients look for.
      {"type", "model"},
      {"display_name", model_.id},
      {"context_length", model_.context_tokens},
      {"max_model_len", model_.budget_tokens}};
}

void ApiServer::answer_models(Exchange& exchange) {
  Json models = Json::array({model_json()});
  if (Json other = document_model(); !other.is_null()) {
    models.push_back(std::move(other));
  }
  const Json last = models.back()["id"];
  respond_json(
      exchange,
      {{"object", "list"},
       {"data", std::move(models)},
       {"has_more", false},
       {"first_id", model_.id},
       {"last_id", last}});
}

void ApiServer::answer_model(Exchange& exchange) {
  // The id may have slashes of its own.
  const std::string id =
      exchange.request().path.substr(std::string_view("/v1/models/").size());
  if (const Json other = document_model();
      !other.is_null() && other["id"] == id) {
    respond_json(exchange, other);
    return;
  }
  if (id != model_.id) {
    throw ApiError(
        404,
        fmt::format(
            "the model '{}' is not served here; this server has '{}'",
            id,
            model_.id))
        .about("model")
        .with_code("model_not_found");
  }
  respond_json(exchange, model_json());
}

void ApiServer::answer_metrics(Exchange& exchange) {
  HttpResponse response;
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_text(state(), model_, watch_);
  exchange.respond(response);
}

void ApiServer::answer_plan(Exchange& exchange) {
  respond_json(exchange, model_.plan);
}

void ApiServer::answer_status(Exchange& exchange) {
  respond_json(exchange, status_json(state(), model_, watch_, kHistoryShown));
}

// Ends with the client, or with the server.
void ApiServer::stream_status(Exchange& exchange) {
  EventStream events(exchange);
  events.send(status_json(state(), model_, watch_, kHistoryShown));
  for (int tick = 1; !exchange.client_gone() && !draining_; ++tick) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (tick % 10 == 0) {
      events.send(status_json(state(), model_, watch_, 1));
    }
  }
}

void ApiServer::answer_chat(Exchange& exchange) {
  ApiCall call = take<ApiCall>(exchange, read_chat_call, "max_tokens");
  AnswerHead head{
      random_id("chatcmpl-"), "chat.completion", now_s(), model_.id};
  if (!call.stream) {
    AnswerCollector answer(call.requests.size());
    run(call, exchange, answer);
    respond_json(
        exchange, chat_answer_json(head, answer.choices(), call.logprobs));
    return;
  }
  head.object = "chat.completion.chunk";
  EventStream events(exchange);
  Usage usage;
  const auto sink =
      make_chat_stream(head, events, call.include_usage, call.logprobs, usage);
  run(call, exchange, *sink);
  if (call.include_usage) {
    events.send(usage_chunk(head, usage));
  }
  events.send_text("[DONE]");
}

void ApiServer::answer_completion(Exchange& exchange) {
  CompletionCall completion =
      take<CompletionCall>(exchange, read_completion_call, "max_tokens");
  ApiCall& call = completion.call;
  const AnswerHead head{
      random_id("cmpl-"), "text_completion", now_s(), model_.id};
  const std::vector<std::string> echoes =
      completion.echo ? completion.prompts : std::vector<std::string>();
  if (!call.stream) {
    AnswerCollector answer(call.requests.size());
    run(call, exchange, answer);
    respond_json(
        exchange,
        completion_answer_json(head, answer.choices(), echoes, call.logprobs));
    return;
  }
  EventStream events(exchange);
  Usage usage;
  const auto sink = make_completion_stream(
      head, events, echoes, call.include_usage, call.logprobs, usage);
  run(call, exchange, *sink);
  if (call.include_usage) {
    events.send(usage_chunk(head, usage));
  }
  events.send_text("[DONE]");
}

void ApiServer::answer_responses(Exchange& exchange) {
  ResponsesCall responses =
      take<ResponsesCall>(exchange, read_responses_call, "max_output_tokens");
  ApiCall& call = responses.call;
  if (!call.stream) {
    AnswerCollector answer(1);
    run(call, exchange, answer);
    respond_json(
        exchange,
        responses_answer_json(
            model_.id, now_s(), responses.echo, answer.choices().front()));
    return;
  }
  EventStream events(exchange);
  const auto sink =
      make_responses_stream(model_.id, now_s(), responses.echo, events);
  run(call, exchange, *sink);
}

void ApiServer::answer_messages(Exchange& exchange) {
  ApiCall call = take<ApiCall>(
      exchange,
      [](const Json& body, const ServedModel& model) {
        return read_messages_call(body, model);
      },
      "max_tokens");
  if (!call.stream) {
    AnswerCollector answer(1);
    run(call, exchange, answer);
    respond_json(
        exchange, messages_answer_json(model_.id, answer.choices().front()));
    return;
  }
  EventStream events(exchange);
  const auto sink = make_messages_stream(
      model_.id, prompt_tokens(call.requests.front()).value_or(0), events);
  run(call, exchange, *sink);
}

void ApiServer::count_message_tokens(Exchange& exchange) {
  const std::lock_guard lock(reading_);
  const ApiCall call =
      read_messages_call(body_of(exchange.request()), model_, true);
  respond_json(
      exchange,
      {{"input_tokens", prompt_tokens(call.requests.front()).value_or(0)}});
}

}  // namespace bantam
