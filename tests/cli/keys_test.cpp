// SPDX-License-Identifier: MIT
#include "cli/keys.h"

#include <gtest/gtest.h>

#include <vector>

namespace bantam {
namespace {

// All keys of `bytes`, which come one by one.
std::vector<Key> keys_of(std::string_view bytes) {
  KeyDecoder decoder;
  std::vector<Key> keys;
  for (const char byte : bytes) {
    decoder.push({&byte, 1});
    while (auto key = decoder.next()) {
      keys.push_back(*key);
    }
  }
  while (auto key = decoder.next(true)) {
    keys.push_back(*key);
  }
  EXPECT_FALSE(decoder.is_waiting());
  return keys;
}

KeyKind only(std::string_view bytes) {
  const std::vector<Key> keys = keys_of(bytes);
  EXPECT_EQ(keys.size(), 1u);
  return keys.empty() ? KeyKind::unknown : keys[0].kind;
}

TEST(KeyDecoder, CharactersOfAllLengths) {
  const std::vector<Key> keys = keys_of("a\u00e9\u20ac\U0001F600\t");
  ASSERT_EQ(keys.size(), 5u);
  const char* expected[] = {"a", "\u00e9", "\u20ac", "\U0001F600", "\t"};
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(keys[i].kind, KeyKind::text);
    EXPECT_EQ(keys[i].text, expected[i]);
  }
}

TEST(KeyDecoder, BrokenUtf8IsLeftOut) {
  const std::vector<Key> keys = keys_of(
      "\xC3\x28\xFF"
      "b\xE2\x82");
  std::string text;
  for (const Key& key : keys) {
    text += key.kind == KeyKind::text ? key.text : "";
  }
  EXPECT_EQ(text, "(b");
}

TEST(KeyDecoder, ControlCharactersAndSequences) {
  EXPECT_EQ(only("\r"), KeyKind::enter);
  EXPECT_EQ(only("\n"), KeyKind::enter);
  EXPECT_EQ(only("\x03"), KeyKind::interrupt);
  EXPECT_EQ(only("\x04"), KeyKind::end_of_file);
  EXPECT_EQ(only("\x7f"), KeyKind::backspace);
  EXPECT_EQ(only("\x1b[A"), KeyKind::up);
  EXPECT_EQ(only("\x1bOB"), KeyKind::down);
  EXPECT_EQ(only("\x1b[3~"), KeyKind::erase);
  EXPECT_EQ(only("\x1b[1;5C"), KeyKind::word_right);
  EXPECT_EQ(
      only(
          "\x1b"
          "b"),
      KeyKind::word_left);
  EXPECT_EQ(only("\x1b\r"), KeyKind::newline);
  EXPECT_EQ(only("\x1b\x7f"), KeyKind::cut_word);
}

TEST(KeyDecoder, WhatIsNotKnownIsSwallowedWhole) {
  const std::vector<Key> keys = keys_of("\x1b[15;2~x\x1b[<0;3;4M\x1bqy\x1b");
  std::string text;
  for (const Key& key : keys) {
    text += key.kind == KeyKind::text ? key.text : "";
  }
  EXPECT_EQ(text, "xy");
  EXPECT_EQ(keys.back().kind, KeyKind::unknown);
}

TEST(KeyDecoder, PastedTextIsOneKey) {
  const std::vector<Key> keys =
      keys_of("\x1b[200~one\r\ntwo\rthree\n\x1b[31m\tfour\xFF\x1b[201~z");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].kind, KeyKind::paste);
  EXPECT_EQ(keys[0].text, "one\ntwo\nthree\n[31m\tfour");
  EXPECT_EQ(keys[1].text, "z");
}

}  // namespace
}  // namespace bantam
