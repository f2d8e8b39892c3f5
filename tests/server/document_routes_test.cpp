// SPDX-License-Identifier: MIT
// /v1/embeddings and /v1/ask over a real index, with a fake embedder and a fake
// model.
#include <gtest/gtest.h>

#include <string>

#include "../base/temporary_folder.h"
#include "../retrieval/fake_embedder.h"
#include "retrieval/ingest.h"
#include "test_server.h"

namespace bantam {
namespace {

class DocumentRoutesTest : public ServerTest {
 protected:
  void serve_documents() {
    FakeEmbedder embedder;
    DocumentIndex index(folder_.at("i.db"), DatabaseMode::create);
    folder_.write("docs/fruit.txt", "An apple a day.\n");
    folder_.write("docs/water.txt", "The river runs north.\n");
    ingest(index, embedder, {folder_.at("docs")});
    server_ = std::make_unique<ApiServer>(
        options_,
        model_,
        backend_,
        std::make_unique<FakeMachine>(pressure_),
        ServedDocuments{
            .id = "fake-embedder",
            .embedder = std::make_unique<FakeEmbedder>(),
            .index = folder_.at("i.db")});
    server_->start();
  }
  Answer embed(const std::string& fields) {
    return post("/v1/embeddings", "{" + fields + "}");
  }

  TemporaryFolder folder_;
};

TEST_F(DocumentRoutesTest, Embeddings) {
  serve_documents();
  const Answer answer =
      embed(R"("model":"fake-embedder","input":["an apple","the river"])");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto json = answer.json();
  EXPECT_EQ(json["object"], "list");
  ASSERT_EQ(json["data"].size(), 2u);
  EXPECT_EQ(json["data"][1]["index"], 1);
  EXPECT_EQ(json["data"][1]["object"], "embedding");
  const auto vector = json["data"][1]["embedding"].get<std::vector<float>>();
  FakeEmbedder embedder;
  const std::string text = "the river";
  EXPECT_EQ(vector, embedder.embed({&text, 1}));
  EXPECT_EQ(json["usage"]["prompt_tokens"], 4);
  EXPECT_FALSE(json.contains("truncated"));
}

// [0, 0, 0, 1] as little-endian float32.
TEST_F(DocumentRoutesTest, EmbeddingsInBase64) {
  serve_documents();
  const auto json = embed(R"("input":"x","encoding_format":"base64")").json();
  EXPECT_EQ(json["data"][0]["embedding"], "AAAAAAAAAAAAAAAAAACAPw==");
}

TEST_F(DocumentRoutesTest, SaysWhichTextsAreCut) {
  serve_documents();
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "word ";
  }
  const auto json = embed(R"("input":["short",")" + text + R"("])").json();
  EXPECT_EQ(json["truncated"], nlohmann::json::array({1}));
  EXPECT_EQ(json["usage"]["total_tokens"], 255);
}

TEST_F(DocumentRoutesTest, RefusesWhatItCannotEmbed) {
  serve_documents();
  const auto refused =
      [&](const std::string& fields, int status, const std::string& param) {
        const Answer answer = embed(fields);
        EXPECT_EQ(answer.status, status) << fields;
        EXPECT_EQ(answer.json()["error"]["param"], param) << answer.body;
      };
  refused("", 400, "input");
  refused(R"("input":[])", 400, "input");
  refused(R"("input":"")", 400, "input");
  refused(R"("input":[1,2])", 400, "input");
  refused(R"("input":"x","model":"other")", 404, "model");
  refused(R"("input":"x","dimensions":2)", 400, "dimensions");
  refused(R"("input":"x","encoding_format":"int8")", 400, "encoding_format");
  refused(R"("input":"x","inputs":"y")", 400, "inputs");
}

TEST_F(DocumentRoutesTest, ListsTheEmbeddingModel) {
  serve_documents();
  const auto json = get("/v1/models").json();
  ASSERT_EQ(json["data"].size(), 2u);
  EXPECT_EQ(json["data"][1]["id"], "fake-embedder");
  EXPECT_EQ(json["last_id"], "fake-embedder");
  EXPECT_EQ(get("/v1/models/fake-embedder").status, 200);
}

TEST_F(DocumentRoutesTest, AnswersWithSources) {
  serve_documents();
  backend_.script = [](const Request&) {
    return std::vector<std::string>{
        "The river runs ", "north [1].", " So they all say."};
  };
  const Answer answer =
      post("/v1/ask", R"({"question":"Where runs the river?"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto json = answer.json();
  EXPECT_EQ(json["answer"], "The river runs north [1]. So they all say.");
  EXPECT_EQ(json["sources"][0]["path"], folder_.at("docs/water.txt"));
  EXPECT_EQ(json["sources"][0]["cited"], true);
  EXPECT_EQ(json["sources"][0]["lines"], nlohmann::json::array({1, 1}));
  EXPECT_EQ(json["claims"].size(), 2u);
  EXPECT_EQ(json["claims_without_source"], 1);
  EXPECT_EQ(json["usage"]["prompt_tokens"], 7);
  const Request asked = backend_.requests().back();
  EXPECT_NE(
      asked.messages.back().content.find("The river runs north."),
      std::string::npos);
  EXPECT_EQ(asked.max_tokens, 1024 / 3);
}

TEST_F(DocumentRoutesTest, AsksAmongPaths) {
  serve_documents();
  const auto json =
      post(
          "/v1/ask",
          R"({"question":"river?","paths":[")" + folder_.at("docs/fruit.txt") +
              R"("],"max_tokens":5})")
          .json();
  ASSERT_EQ(json["sources"].size(), 1u);
  EXPECT_EQ(json["sources"][0]["path"], folder_.at("docs/fruit.txt"));
  EXPECT_EQ(
      post("/v1/ask", R"({"question":"river?","paths":["/none"]})").status,
      404);
  for (const char* body :
       {R"({"question":" "})",
        R"({"question":"x","stream":true})",
        R"({"question":"x","paths":["docs"]})",
        R"({"question":"x","results":0})",
        R"({"question":"x","max_tokens":1024})"}) {
    EXPECT_EQ(post("/v1/ask", body).status, 400) << body;
  }
}

TEST_F(DocumentRoutesTest, AreRefusedWithoutDocuments) {
  for (const char* path : {"/v1/embeddings", "/v1/ask"}) {
    const Answer answer = post(path, R"({"input":"x","question":"x"})");
    EXPECT_EQ(answer.status, 404);
    EXPECT_NE(answer.body.find("--documents"), std::string::npos);
  }
  EXPECT_EQ(get("/v1/models").json()["data"].size(), 1u);
}

}  // namespace
}  // namespace bantam
