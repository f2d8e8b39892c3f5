// SPDX-License-Identifier: MIT
// Conversations saved and taken up: the same answers, and nothing from a file
// that is damaged or not for this model.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../base/temporary_folder.h"
#include "bantam/session.h"
#include "base/sealed_file.h"
#include "engine/session_record.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

EngineOptions options(int64_t max_kv_size = 512) {
  return {
      .model = "smollm2",
      .threads = 2,
      .max_kv_size = max_kv_size,
      .prefix_cache_bytes = kAutoPrefixCache};
}

Request request() {
  Request request;
  request.max_tokens = 10;
  request.sampling.temperature = 0.9;
  return request;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class SessionSaving : public ::testing::Test {
 protected:
  void SetUp() override {
    Session session(engine_, request(), {.system_prompt = "Be brief."});
    session.say("Name a colour.");
    session.say("Another one?");
    session.save(path_);
    next_ = session.say("And a third?");
    ASSERT_GT(next_.result.cached_tokens, 0);
  }
  // Takes `path_` up in a fresh engine; the reply to the third message.
  Reply resume(std::vector<std::string>& notes) {
    Engine engine(options());
    Session session(engine, request(), {});
    notes = session.load(path_);
    return session.say("And a third?");
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.at("saved.session");
  Engine engine_{options()};
  Reply next_;
};

TEST_F(SessionSaving, GoesOnWithTheSameAnswerFromTheCache) {
  std::vector<std::string> notes;
  const Reply resumed = resume(notes);
  EXPECT_TRUE(notes.empty()) << notes[0];
  EXPECT_EQ(resumed.result.prompt_ids, next_.result.prompt_ids);
  EXPECT_EQ(resumed.result.token_ids, next_.result.token_ids);
  EXPECT_EQ(resumed.result.cached_tokens, next_.result.cached_tokens);
}

TEST_F(SessionSaving, ADamagedCacheIsLeftOut) {
  std::string bytes = bytes_of(path_);
  bytes[bytes.size() - 1000] ^= 1;
  write(path_, bytes);
  std::vector<std::string> notes;
  const Reply resumed = resume(notes);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("damaged"), std::string::npos) << notes[0];
  EXPECT_EQ(resumed.result.cached_tokens, 0);
  EXPECT_EQ(resumed.result.token_ids, next_.result.token_ids);
}

TEST_F(SessionSaving, ADamagedFileIsIgnored) {
  const std::string whole = bytes_of(path_);
  std::string changed = whole;
  changed[120] ^= 1;
  for (const std::string& bytes :
       {changed,
        whole.substr(0, whole.size() - 1),
        whole + "x",
        whole.substr(0, 30),
        std::string(),
        std::string("not a session")}) {
    write(path_, bytes);
    Session session(engine_, request(), {.system_prompt = "mine"});
    session.say("hello");
    const std::vector<std::string> notes = session.load(path_);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("it is ignored"), std::string::npos) << notes[0];
    EXPECT_EQ(session.exchanges().size(), 1u);
    EXPECT_EQ(session.system_prompt(), "mine");
  }
  Session session(engine_, request(), {});
  EXPECT_THROW(session.load(folder_.at("none")), Error);
}

TEST_F(SessionSaving, AFileOfAnotherModelOrSettingIsRefused) {
  const auto refusal = [&](const EngineOptions& other) -> std::string {
    Engine engine(other);
    Session session(engine, request(), {.system_prompt = "mine"});
    try {
      session.load(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_request);
      EXPECT_EQ(session.system_prompt(), "mine");
      return error.what();
    }
    return "accepted";
  };
  EngineOptions tiny = options();
  tiny.model = BANTAM_TEST_DIR "/models/llama_gguf_q4_0/model.gguf";
  EXPECT_NE(refusal(tiny).find("another model"), std::string::npos);
  EXPECT_NE(refusal(options(256)).find("max_kv_size 512"), std::string::npos);
}

TEST_F(SessionSaving, TheCacheOfAnotherVersionIsComputedAgain) {
  SessionRecord record;
  std::vector<std::byte> payload;
  {
    SealedFile file(path_);
    record = parse_session_record(file.header(), path_);
    payload.resize(file.payload_bytes());
    file.read(payload);
  }
  record.program["bantam"] = "0.0.1";
  SealedFileWriter writer(
      path_, record_text(record), static_cast<int64_t>(payload.size()));
  writer.add(payload);
  writer.finish();
  std::vector<std::string> notes;
  const Reply resumed = resume(notes);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("another version"), std::string::npos);
  EXPECT_EQ(resumed.result.cached_tokens, 0);
  EXPECT_EQ(resumed.result.token_ids, next_.result.token_ids);
}

TEST_F(SessionSaving, IdsThatDoNotFitTheCacheAreLeftOut) {
  SessionRecord record;
  {
    SealedFile file(path_);
    record = parse_session_record(file.header(), path_);
  }
  record.ids.push_back(1'000'000);
  SealedFileWriter(path_, record_text(record), 0).finish();
  std::vector<std::string> notes;
  EXPECT_EQ(resume(notes).result.token_ids, next_.result.token_ids);
  EXPECT_EQ(notes.size(), 1u);
}

TEST_F(SessionSaving, WhatCannotBeWrittenIsAnError) {
  Session session(engine_, request(), {});
  EXPECT_THROW(session.save(folder_.at("no/such/folder/x")), Error);
  session.save(path_);  // without an exchange there is no cache to save
  EXPECT_LT(fs::file_size(path_), 2000u);
}

}  // namespace
}  // namespace bantam
