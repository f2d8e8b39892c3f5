// SPDX-License-Identifier: MIT
#include "server/http_parser.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

const std::string kPost =
    "POST /v1/x?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

int status_of(const std::string& text, HttpLimits limits = {}) {
  HttpParser parser(limits);
  try {
    parser.push(text);
    return parser.take() ? 200 : 0;
  } catch (const HttpError& error) {
    return error.status;
  }
}

TEST(HttpParser, ReadsARequestHoweverItIsCut) {
  for (size_t cut = 0; cut <= kPost.size(); ++cut) {
    HttpParser parser;
    parser.push(kPost.substr(0, cut));
    parser.push(kPost.substr(cut));
    const auto request = parser.take();
    ASSERT_TRUE(request) << cut;
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->path, "/v1/x");
    EXPECT_EQ(request->query, "a=1");
    EXPECT_EQ(*request->header("host"), "h");
    EXPECT_EQ(request->body, "hello");
    EXPECT_TRUE(request->keeps_alive);
    EXPECT_FALSE(parser.is_inside());
  }
}

TEST(HttpParser, KeepsWhatFollows) {
  HttpParser parser;
  parser.push(kPost + "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(parser.take()->method, "POST");
  const auto second = parser.take();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->method, "GET");
  EXPECT_FALSE(second->keeps_alive);
  EXPECT_FALSE(second->takes_chunks);
  EXPECT_FALSE(parser.take());
}

TEST(HttpParser, ReadsChunks) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: t\r\n\r\n";
  for (size_t cut = 0; cut < text.size(); ++cut) {
    HttpParser parser;
    parser.push(text.substr(0, cut));
    EXPECT_FALSE(parser.take()) << cut;
    parser.push(text.substr(cut));
    const auto request = parser.take();
    ASSERT_TRUE(request) << cut;
    EXPECT_EQ(request->body, "Wikipedia");
  }
}

// Each costs its own bytes, not those behind it: else this takes minutes.
TEST(HttpParser, ReadsManyTinyChunks) {
  constexpr size_t kChunks = 300'000;
  std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t i = 0; i < kChunks; ++i) {
    text += "1\r\nx\r\n";
  }
  HttpParser parser;
  parser.push(text + "0\r\n\r\n");
  const auto request = parser.take();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body.size(), kChunks);
  EXPECT_TRUE(request->keeps_alive);
  EXPECT_FALSE(parser.is_inside());
}

// RFC 9112, 6.1.
TEST(HttpParser, TrustsNoChunksOfHttp10) {
  HttpParser parser;
  parser.push(
      "POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
      "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  const auto request = parser.take();
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->keeps_alive);
}

TEST(HttpParser, DecodesThePath) {
  HttpParser parser;
  parser.push("GET http://h/v1/models/a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(parser.take()->path, "/v1/models/a/b");
}

TEST(HttpParser, AsksForTheBodyOnce) {
  HttpParser parser;
  parser.push(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_TRUE(parser.take_continue());
  EXPECT_FALSE(parser.take_continue());
  parser.push("ab");
  EXPECT_EQ(parser.take()->body, "ab");
}

TEST(HttpParser, RefusesWhatIsNoRequest) {
  const std::string host = "Host: h\r\n";
  EXPECT_EQ(status_of("garbage\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\x16\x03\x01\x02\r\n"), 400);
  EXPECT_EQ(status_of("GET x HTTP/1.1\r\n" + host + "\r\n"), 400);
  EXPECT_EQ(status_of("GET /%zz HTTP/1.1\r\n" + host + "\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n" + host + "\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + host + "\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + "bad header\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + " folded: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + "a : x\r\n\r\n"), 400);
  const std::string post = "POST / HTTP/1.1\r\n" + host;
  EXPECT_EQ(status_of(post + "Content-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(post + "Content-Length: 1x\r\n\r\n"), 400);
  EXPECT_EQ(
      status_of(post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400);
  EXPECT_EQ(
      status_of(
          post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
      400);
  EXPECT_EQ(status_of(post + "Transfer-Encoding: gzip\r\n\r\n"), 501);
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(chunked + "zz\r\n"), 400);
  EXPECT_EQ(status_of(chunked + "2\r\nabc\r\n"), 400);
}

TEST(HttpParser, HoldsTheLimits) {
  HttpLimits limits;
  limits.body_bytes = 8;
  limits.header_count = 3;
  limits.header_bytes = 100;
  limits.line_bytes = 50;
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(get + "\r\n", limits), 200);
  EXPECT_EQ(status_of(get + "a: 1\r\nb: 2\r\nc: 3\r\n\r\n", limits), 431);
  EXPECT_EQ(status_of(get + "a: " + std::string(200, 'x'), limits), 431);
  EXPECT_EQ(status_of("GET /" + std::string(60, 'x'), limits), 414);
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(post + "Content-Length: 9\r\n\r\n", limits), 413);
  EXPECT_EQ(
      status_of(
          post + "Content-Length: 99999999999999999999999\r\n\r\n", limits),
      413);
  EXPECT_EQ(
      status_of(
          post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n4\r\n",
          limits),
      413);
}

}  // namespace
}  // namespace bantam
