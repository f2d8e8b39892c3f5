// SPDX-License-Identifier: MIT
// What all routes share: who may ask, errors, counting. The routes themselves
// are in api_routes.cpp.
#include "server/api_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace bantam {

namespace {

ApiDialect dialect_of(const std::string& path) {
  return path.starts_with("/v1/messages") ? ApiDialect::anthropic
                                          : ApiDialect::openai;
}

// Takes as long for a wrong key as for a right one.
bool same_key(const std::string& a, const std::string& b) {
  size_t difference = a.size() ^ b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    difference |= static_cast<unsigned char>(b[i]) ^
        static_cast<unsigned char>(i < a.size() ? a[i] : 0);
  }
  return difference == 0;
}

// "http://localhost:3000" -> "localhost"
std::string host_of(std::string origin) {
  const size_t scheme = origin.find("://");
  if (scheme != origin.npos) {
    origin.erase(0, scheme + 3);
  }
  if (origin.starts_with('[')) {
    return origin.substr(0, origin.find(']') + 1);
  }
  return origin.substr(0, origin.find(':'));
}

bool is_local_name(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.") ||
      host.ends_with(".localhost");
}

HttpResponse http_error_response(const HttpError& error) {
  ApiError api(error.status, error.what());
  api.with_code("bad_http");
  if (error.status == 503) {
    api.with_code("busy").retry_after(1);
  }
  return error_response(api, ApiDialect::openai);
}

HttpServerOptions checked(const ApiServerOptions& options) {
  if (options.api_key.empty() && !is_loopback(options.http.host)) {
    fail(
        ErrorCode::invalid_request,
        "--host {}: other machines could use this server; set an API key "
        "(BANTAM_SERVER_API_KEY or --api-key-file)",
        options.http.host);
  }
  return options.http;
}

// Counts what is being answered, so that draining knows when it is done.
class Answering {
 public:
  explicit Answering(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Answering() { --count_; }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

ApiServer::ApiServer(
    const ApiServerOptions& options,
    ServedModel model,
    Backend& backend,
    std::unique_ptr<MemorySource> source,
    std::optional<ServedDocuments> documents)
    : options_(options),
      model_(std::move(model)),
      backend_(backend),
      watch_(std::move(source), options.watch),
      queue_(backend, watch_, options.queue),
      documents_(std::move(documents)),
      http_(
          checked(options),
          [this](Exchange& exchange) { handle(exchange); },
          http_error_response) {}

ApiServer::~ApiServer() {
  draining_ = true;
  queue_.cancel_all();
}

void ApiServer::handle(Exchange& exchange) {
  const HttpRequest& request = exchange.request();
  std::string route = "other";
  int status = 200;
  const std::string id = random_id("req_");
  exchange.add_header("x-request-id", id);
  exchange.add_header("request-id", id);
  const auto refuse = [&](const ApiError& error) {
    status = error.status;
    const ApiDialect dialect = dialect_of(request.path);
    if (!exchange.has_begun()) {
      exchange.respond(error_response(error, dialect));
      return;
    }
    // The status is gone out: the error is an event of the stream.
    std::string event =
        dialect == ApiDialect::anthropic ? "event: error\n" : "";
    event += "data: " + to_json_line(error_json(error, dialect)) + "\n\n";
    exchange.write(event);
  };
  try {
    answer_route(exchange, route);
  } catch (const ClientGone&) {
    status = 0;
  } catch (const ApiError& error) {
    refuse(error);
  } catch (const Error& error) {
    refuse(api_error(error));
  } catch (const std::bad_alloc&) {
    refuse(ApiError(503, "out of memory").with_code("insufficient_memory"));
  } catch (const std::exception& error) {
    refuse(ApiError(500, fmt::format("a bug in bantam: {}", error.what())));
  }
  stats_.count_request(route, status);
}

void ApiServer::answer_route(Exchange& exchange, std::string& route) {
  const HttpRequest& request = exchange.request();
  check_origin(exchange);
  if (request.method == "OPTIONS") {
    HttpResponse response;
    response.status = 204;
    exchange.respond(response);
    return;
  }
  const Route* found = nullptr;
  std::string allowed;
  for (const Route& candidate : routes()) {
    if (!candidate.matches(request.path)) {
      continue;
    }
    const bool is_head = request.method == "HEAD" && candidate.method == "GET";
    if (candidate.method == request.method || is_head) {
      found = &candidate;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(candidate.method);
  }
  if (found == nullptr && allowed.empty()) {
    throw ApiError(
        404,
        fmt::format("there is no route {} {}", request.method, request.path))
        .with_code("unknown_url");
  }
  if (found == nullptr) {
    exchange.add_header("Allow", allowed);
    throw ApiError(
        405,
        fmt::format(
            "{} takes {}, not {}", request.path, allowed, request.method))
        .with_code("method_not_allowed");
  }
  route = found->path;
  if (!found->open) {
    check_key(request);
  }
  // Only what takes the engine's time holds a drain up.
  std::optional<Answering> answering;
  if (found->method == "POST") {
    answering.emplace(answering_);
  }
  (this->*found->answer)(exchange);
}

// A page of some site in the user's browser must not spend the user's machine.
// Pages of this machine may.
void ApiServer::check_origin(Exchange& exchange) const {
  const std::string* origin = exchange.request().header("origin");
  if (origin == nullptr) {
    return;
  }
  const std::string* host = exchange.request().header("host");
  const std::string from = host_of(*origin);
  if (!is_local_name(from) &&
      (host == nullptr || from != host_of(*host) || options_.api_key.empty())) {
    throw ApiError(
        403, fmt::format("pages of {} may not use this server", *origin))
        .with_code("origin_not_allowed");
  }
  exchange.add_header("Access-Control-Allow-Origin", *origin);
  exchange.add_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  exchange.add_header("Access-Control-Expose-Headers", "x-bantam-ignored");
  exchange.add_header("Vary", "Origin");
  if (const std::string* headers =
          exchange.request().header("access-control-request-headers")) {
    exchange.add_header("Access-Control-Allow-Headers", *headers);
  }
}

void ApiServer::check_key(const HttpRequest& request) const {
  if (options_.api_key.empty()) {
    return;
  }
  constexpr std::string_view kBearer = "Bearer ";
  std::string given;
  if (const std::string* header = request.header("authorization")) {
    given =
        header->starts_with(kBearer) ? header->substr(kBearer.size()) : *header;
  } else if (const std::string* key = request.header("x-api-key")) {
    given = *key;
  }
  if (!same_key(given, options_.api_key)) {
    throw ApiError(
        401,
        given.empty() ? "this server needs an API key: send it as "
                        "'Authorization: Bearer KEY'"
                      : "the API key is wrong")
        .with_code("invalid_api_key");
  }
}

// Before any work.
void ApiServer::check_accepting() {
  if (draining_) {
    stats_.count_refused("draining");
    throw ApiError(503, "the server is shutting down")
        .with_code("shutting_down")
        .retry_after(30);
  }
  if (const auto reason = watch_.refusal()) {
    stats_.count_refused("pressure");
    throw pressure_error(*reason);
  }
}

Json ApiServer::body_of(const HttpRequest& request) const {
  if (request.body.empty()) {
    throw ApiError(400, "the body is empty; send a JSON object")
        .with_code("invalid_json");
  }
  if (const std::string* encoding = request.header("content-encoding");
      encoding != nullptr && *encoding != "identity") {
    throw ApiError(415, "a compressed body is not supported");
  }
  try {
    Json body =
        parse_json(request.body, "the body", ErrorCode::invalid_request);
    if (!body.is_object()) {
      throw ApiError(400, "the body must be a JSON object")
          .with_code("invalid_json");
    }
    return body;
  } catch (const Error& error) {
    throw ApiError(400, error.what()).with_code("invalid_json");
  }
}

std::optional<int64_t> ApiServer::prompt_tokens(const Request& request) const {
  return backend_.prompt_tokens(request);
}

void ApiServer::fit(ApiCall& call, const std::string& max_tokens_field) {
  // Choices of one prompt stand together; the longest prompt decides.
  std::optional<int64_t> longest;
  const Request* last = nullptr;
  for (const Request& request : call.requests) {
    if (last != nullptr && last->prompt == request.prompt &&
        last->prompt_ids == request.prompt_ids) {
      continue;
    }
    last = &request;
    if (const auto tokens = prompt_tokens(request)) {
      longest = std::max(longest.value_or(0), *tokens);
    }
  }
  try {
    fit_to_budget(call, longest, model_, max_tokens_field);
  } catch (const ApiError&) {
    stats_.count_refused("budget");
    throw;
  }
}

void ApiServer::say_ignored(Exchange& exchange, const ApiCall& call) const {
  std::string names;
  for (const std::string& name : call.ignored) {
    names += (names.empty() ? "" : ", ") + name;
  }
  if (!names.empty()) {
    exchange.add_header("x-bantam-ignored", names);
  }
}

void ApiServer::run(ApiCall& call, Exchange& exchange, AnswerSink& sink) {
  try {
    run_call(call, queue_, exchange, stats_, options_.limits, sink);
  } catch (const ClientGone&) {
    // Seen between two events or found by writing one.
    stats_.count_hung_up();
    throw;
  }
}

ServerState ApiServer::state() const {
  return {
      .counts = stats_.counts(),
      .load = queue_.load(),
      .connections = http_.connections(),
      .draining = draining_,
      .uptime_s = std::chrono::duration<double>(
                      std::chrono::steady_clock::now() - start_)
                      .count()};
}

}  // namespace bantam
